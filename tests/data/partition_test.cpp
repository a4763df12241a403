// Who owns which images: what every kind of partition keeps.
#include "data/partition.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <numeric>
#include <set>

#include "data/partitions.hpp"
#include "support/checks.hpp"

namespace fedorbit {
namespace {

using testing::HasSubstr;

class EveryPartition : public testing::TestWithParam<std::string> {
 protected:
  Images images;
  PartitionOptions options = options_of(GetParam());
  bool overlaps() const { return GetParam() == "sampled"; }
};

class Disjoint : public EveryPartition {};

TEST_P(EveryPartition, holds_the_same_share_of_every_class_out_for_testing) {
  const auto partition = make(images, options);
  EXPECT_TRUE(ascending(partition->test_pool()));
  EXPECT_TRUE(ascending(partition->train_pool()));
  EXPECT_THAT(images.counts(partition->test_pool()), testing::ElementsAre(4, 6, 8, 10, 12, 14));
  Indices all = partition->train_pool();
  all.insert(all.end(), partition->test_pool().begin(), partition->test_pool().end());
  std::ranges::sort(all);
  Indices expected(images.labels.size());
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(all, expected) << "every image is in one of the pools, once";
}

TEST_P(EveryPartition, holds_the_same_images_out_for_any_kind_and_number_of_clients) {
  PartitionOptions other = options_of(GetParam() == "domain" ? "domain" : "even", 5);
  EXPECT_EQ(make(images, options)->test_pool(), make(images, other)->test_pool());
  EXPECT_NE(make(images, options, 1)->test_pool(), make(images, options, 2)->test_pool());
}

TEST_P(EveryPartition, trains_on_no_image_that_tests_anybody) {
  const auto partition = make(images, options);
  const std::set<std::int64_t> test(partition->test_pool().begin(), partition->test_pool().end());
  ASSERT_EQ(partition->clients(), options.clients);
  for (ClientId client = 0; client < options.clients; ++client) {
    const Shard shard = partition->shard(client);
    EXPECT_GE(std::int64_t(shard.train.size()), options.min_samples);
    EXPECT_TRUE(ascending(shard.train)) << "client " << client;
    EXPECT_TRUE(ascending(shard.test)) << "client " << client;
    for (const auto i : shard.train) EXPECT_FALSE(test.contains(i)) << "image " << i << " of client " << client;
    for (const auto i : shard.test) EXPECT_TRUE(test.contains(i)) << "image " << i << " of client " << client;
  }
}

TEST_P(EveryPartition, gives_a_client_the_same_shard_in_whatever_order_it_is_asked) {
  const auto forwards = make(images, options), backwards = make(images, options);
  std::vector<Shard> shards;
  for (ClientId client = 0; client < options.clients; ++client) shards.push_back(forwards->shard(client));
  for (ClientId client = options.clients - 1; client >= 0; --client) {
    const Shard shard = backwards->shard(client);
    EXPECT_EQ(shard.train, shards[std::size_t(client)].train);
    EXPECT_EQ(shard.test, shards[std::size_t(client)].test);
  }
  EXPECT_EQ(forwards->shard(3).train, shards[3].train);
}

TEST_P(EveryPartition, is_another_for_another_seed) {
  EXPECT_NE(make(images, options, 1)->shard(0).train, make(images, options, 2)->shard(0).train);
}

TEST_P(EveryPartition, without_a_test_share_trains_on_everything) {
  options.test_fraction = 0;
  const auto partition = make(images, options);
  EXPECT_TRUE(partition->test_pool().empty());
  EXPECT_EQ(partition->train_pool().size(), images.labels.size());
  EXPECT_TRUE(partition->shard(0).test.empty());
}

TEST_P(EveryPartition, validates_on_images_that_neither_train_nor_test_and_leaves_who_is_tested_alone) {
  options.alpha = 5;  // where no size is drawn again
  const auto before = make(images, options);
  options.validation_fraction = 0.3;
  const auto partition = make(images, options);
  EXPECT_THAT(images.counts(partition->pools().validation), testing::ElementsAre(6, 9, 12, 15, 18, 21));
  EXPECT_EQ(partition->test_pool(), before->test_pool());
  std::set<std::int64_t> held_out(partition->pools().validation.begin(), partition->pools().validation.end());
  for (const auto i : partition->train_pool()) EXPECT_FALSE(held_out.contains(i));
  for (const auto i : partition->test_pool()) EXPECT_FALSE(held_out.contains(i));
  Indices validated;
  for (ClientId client = 0; client < options.clients; ++client) {
    const Shard shard = partition->shard(client);
    EXPECT_TRUE(ascending(shard.validation));
    for (const auto i : shard.validation) EXPECT_TRUE(held_out.contains(i)) << "image " << i;
    validated.insert(validated.end(), shard.validation.begin(), shard.validation.end());
    EXPECT_EQ(shard.test, before->shard(client).test);
  }
  std::ranges::sort(validated);
  if (!overlaps()) {
    EXPECT_EQ(validated, partition->pools().validation) << "each by one client";
  }
}

TEST_P(EveryPartition, hides_unseen_domains_from_everybody) {
  options.unseen_domains = "1";
  options.validation_fraction = 0.1;
  const auto partition = make(images, options);
  Indices of_domain;
  for (std::size_t i = 0; i < images.domains.size(); ++i)
    if (images.domains[i] == 1) of_domain.push_back(std::int64_t(i));
  EXPECT_EQ(partition->pools().unseen, of_domain) << "all of them, and no other";
  for (ClientId client = 0; client < options.clients; ++client) {
    const Shard shard = partition->shard(client);
    EXPECT_TRUE(shard.unseen.empty());
    for (const auto* side : {&shard.train, &shard.validation, &shard.test})
      for (const auto i : *side) EXPECT_NE(images.domains[std::size_t(i)], 1);
  }
}

TEST_P(EveryPartition, sets_public_images_aside_that_would_have_trained_as_many_of_each_class_and_domain) {
  options.alpha = 5;  // where no size is drawn again
  const auto before = make(images, options);
  options.public_images = 50;
  const auto partition = make(images, options);
  const Indices& aside = partition->pools().public_images;
  EXPECT_TRUE(ascending(aside));
  EXPECT_EQ(partition->test_pool(), before->test_pool());
  Indices all = partition->train_pool();
  all.insert(all.end(), aside.begin(), aside.end());
  std::ranges::sort(all);
  EXPECT_EQ(all, before->train_pool());
  std::map<std::int64_t, std::vector<std::int64_t>> domains;  // of each class, how many of each domain
  for (const std::int64_t image : aside) {
    auto& counts = domains[images.labels[std::size_t(image)]];
    counts.resize(3);
    ++counts[std::size_t(images.domains[std::size_t(image)])];
  }
  EXPECT_THAT(images.counts(aside), testing::Each(testing::AnyOf(8, 9)));
  for (const auto& [label, counts] : domains) {
    const auto [least, most] = std::ranges::minmax(counts);
    EXPECT_LE(most - least, 1) << "class " << label;
  }
  for (ClientId client = 0; client < options.clients; ++client)
    for (const std::int64_t image : partition->shard(client).train)
      EXPECT_FALSE(std::ranges::binary_search(aside, image)) << "image " << image << " of client " << client;
  EXPECT_NE(make(images, options, 2)->pools().public_images, aside);
  options.public_images = std::int64_t(before->train_pool().size());
  EXPECT_THAT(sentence([&] { make(images, options); }),
              HasSubstr("would leave no image to train on: 216 are not held"));
}

TEST_P(EveryPartition, refuses_to_hold_out_everything) {
  options.test_fraction = 0.5, options.validation_fraction = 0.5;
  EXPECT_THAT(sentence([&] { make(images, options); }),
              HasSubstr("partition.validation_fraction = 0.5 and partition.test_fraction = 0.5 leave no image"));
}

TEST_P(Disjoint, hides_the_images_of_unseen_clients_and_leaves_the_others_as_they_were) {
  const auto before = make(images, options);
  for (const double asked : {3.0, 0.25}) {
    options.unseen_clients = asked;
    const auto partition = make(images, options);
    EXPECT_EQ(partition->clients(), 9);
    EXPECT_EQ(partition->unseen_clients(), 3);
    Indices hidden;
    for (ClientId client = 0; client < 12; ++client) {
      const Shard shard = partition->shard(client), was = before->shard(client);
      if (client < 9) {
        EXPECT_EQ(shard.train, was.train);
        EXPECT_EQ(shard.test, was.test);
        EXPECT_TRUE(shard.unseen.empty());
      } else {
        EXPECT_TRUE(shard.train.empty() && shard.test.empty());
        EXPECT_EQ(shard.unseen.size(), was.train.size() + was.test.size());
        hidden.insert(hidden.end(), shard.unseen.begin(), shard.unseen.end());
      }
    }
    std::ranges::sort(hidden);
    EXPECT_EQ(partition->pools().unseen, hidden);
    for (const auto* pool : {&partition->train_pool(), &partition->test_pool()})
      for (const auto i : *pool) EXPECT_FALSE(std::ranges::binary_search(hidden, i)) << "image " << i;
  }
}

TEST_P(Disjoint, refuses_clients_that_cannot_stay_unseen) {
  options.unseen_clients = 12;
  EXPECT_THAT(sentence([&] { make(images, options); }), HasSubstr("of 12 clients none would be left to train"));
  options.unseen_clients = 2.5;
  EXPECT_THAT(sentence([&] { make(images, options); }), HasSubstr("neither a share below 1 nor a whole number"));
}

TEST_P(Disjoint, gives_every_image_to_exactly_one_client) {
  const auto partition = make(images, options);
  Indices train, test;
  for (ClientId client = 0; client < options.clients; ++client) {
    const Shard shard = partition->shard(client);
    train.insert(train.end(), shard.train.begin(), shard.train.end());
    test.insert(test.end(), shard.test.begin(), shard.test.end());
  }
  std::ranges::sort(train);
  std::ranges::sort(test);
  EXPECT_EQ(train, partition->train_pool());
  EXPECT_EQ(test, partition->test_pool());
}

TEST_P(Disjoint, refuses_more_clients_than_images_before_it_makes_room_for_them) {
  options.clients = 217;  // one more than there are
  EXPECT_THAT(sentence([&] { make(images, options); }),
              testing::AllOf(HasSubstr("217 clients cannot share 216 training images"), HasSubstr("sampled")));
  options.clients = 1'000'000'000;
  EXPECT_THAT(sentence([&] { make(images, options); }), HasSubstr("1000000000 clients cannot share"));
}

TEST_P(Disjoint, names_a_client_that_would_own_too_little) {
  options.min_samples = 100;
  EXPECT_THAT(sentence([&] { make(images, options); }),
              testing::AllOf(HasSubstr("partition: client "), HasSubstr("and at least 100 are asked for"),
                             HasSubstr("use fewer clients")));
}

const auto name_of = [](const auto& info) { return info.param; };
INSTANTIATE_TEST_SUITE_P(all, EveryPartition,
                         testing::Values("even", "stratified", "dirichlet", "dirichlet_mixtures", "pathological",
                                         "quantity", "domain", "sampled"),
                         name_of);
INSTANTIATE_TEST_SUITE_P(all, Disjoint,
                         testing::Values("even", "stratified", "dirichlet", "dirichlet_mixtures", "pathological",
                                         "quantity", "domain"),
                         name_of);
TEST(Partition, is_the_same_on_every_machine) {
  Images images(3, 1);
  images.labels = {0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2};
  images.domains.assign(15, 0);
  auto train = [&](const char* kind, ClientId client) {
    return make(images, options_of(kind, 3), 7)->shard(client).train;
  };
  EXPECT_THAT(train("even", 0), testing::ElementsAre(3, 6, 9, 12));
  EXPECT_THAT(train("pathological", 1), testing::ElementsAre(7, 9, 11, 12));
  EXPECT_THAT(train("dirichlet", 2), testing::ElementsAre(0, 3, 4, 11));
  EXPECT_THAT(train("quantity", 0), testing::ElementsAre(12));
  EXPECT_THAT(train("stratified", 0), testing::ElementsAre(3, 7, 8, 12));
  EXPECT_THAT(train("dirichlet_mixtures", 1), testing::ElementsAre(2, 3, 4, 6));
  images.domain_count = 3;
  images.domains = {0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2};
  EXPECT_THAT(train("domain", 1), testing::ElementsAre(1, 4, 7, 13));
}

}  // namespace
}  // namespace fedorbit
