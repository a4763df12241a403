// Who owns which images, for every kind of partition.
#include "data/partition.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <numeric>
#include <set>

#include "core/error.hpp"
#include "support/checks.hpp"

namespace fedorbit {
namespace {

using testing::HasSubstr;
using Indices = std::vector<std::int64_t>;

/// Images in no order: classes of 20, 30, 40, ... images, in three domains.
struct Images {
  Indices labels, domains;
  std::int64_t classes, domain_count;

  explicit Images(std::int64_t classes = 6, std::int64_t domain_count = 3)
      : classes(classes), domain_count(domain_count) {
    for (std::int64_t c = 0; c < classes; ++c) labels.insert(labels.end(), std::size_t(20 + 10 * c), c);
    Stream stream = Keys(3).stream(Purpose::test);
    stream.shuffle(std::span(labels));
    for (std::size_t i = 0; i < labels.size(); ++i)
      domains.push_back(std::int64_t(stream.below(std::uint64_t(domain_count))));
  }
  Labelled view() const { return {labels, domains, classes, domain_count}; }
  Indices counts(const Indices& images) const {
    Indices out(std::size_t(classes), 0);
    for (const auto i : images) ++out[std::size_t(labels[std::size_t(i)])];
    return out;
  }
};

PartitionOptions options_of(const std::string& kind, std::int64_t clients = 12) {
  PartitionOptions out;
  out.kind = kind;
  out.clients = clients;
  return out;
}

std::unique_ptr<Partition> make(const Images& images, const PartitionOptions& options, std::uint64_t seed = 1) {
  return make_partition(images.view(), options, Keys(seed));
}

bool ascending(const Indices& images) {
  return std::ranges::adjacent_find(images, std::greater_equal<>()) == images.end();
}

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

TEST(Even, sizes_and_class_counts_differ_by_little) {
  const Images images;
  for (const std::int64_t clients : {1, 7, 12, 40, 216}) {
    const auto partition = make(images, options_of("even", clients));
    Indices train, test;
    for (ClientId client = 0; client < clients; ++client) {
      train.push_back(std::int64_t(partition->shard(client).train.size()));
      test.push_back(std::int64_t(partition->shard(client).test.size()));
      // Dealt class by class: a client gets its share of each class, give or take one or two.
      const Indices counts = images.counts(partition->shard(client).train);
      for (std::size_t c = 0; c < counts.size(); ++c)
        EXPECT_NEAR(double(counts[c]), 0.8 * (20 + 10 * double(c)) / double(clients), 2)
            << clients << " clients, class " << c;
    }
    EXPECT_LE(std::ranges::max(train) - std::ranges::min(train), 1) << clients << " clients";
    EXPECT_LE(std::ranges::max(test) - std::ranges::min(test), 1) << clients << " clients";
  }
}

TEST(Stratified, sizes_and_class_counts_differ_by_one_at_most) {
  const Images images;
  for (const std::int64_t clients : {1, 5, 7, 12, 40, 170}) {
    const auto partition = make(images, options_of("stratified", clients));
    for (const auto side : {&Shard::train, &Shard::test}) {
      Indices sizes;
      std::vector<Indices> of_class(std::size_t(images.classes));
      for (ClientId client = 0; client < clients; ++client) {
        const Shard shard = partition->shard(client);
        sizes.push_back(std::int64_t((shard.*side).size()));
        const Indices counts = images.counts(shard.*side);
        for (std::size_t c = 0; c < counts.size(); ++c) of_class[c].push_back(counts[c]);
      }
      EXPECT_LE(std::ranges::max(sizes) - std::ranges::min(sizes), 1) << clients << " clients";
      for (const Indices& counts : of_class)
        EXPECT_LE(std::ranges::max(counts) - std::ranges::min(counts), 1) << clients << " clients";
    }
  }
}

TEST(DirichletMixtures, gives_clients_of_one_size_mixtures_of_their_own) {
  const Images images;
  const auto largest_share = [&](double alpha) {
    PartitionOptions options = options_of("dirichlet_mixtures", 12);
    options.alpha = alpha;
    const auto partition = make(images, options);
    double shares = 0;
    for (ClientId client = 0; client < 12; ++client) {
      const Shard shard = partition->shard(client);
      EXPECT_GE(shard.train.size(), 18u) << "216 training images";
      EXPECT_LE(shard.train.size(), 18u);
      EXPECT_GE(shard.test.size(), 4u) << "54 test images";
      EXPECT_LE(shard.test.size(), 5u);
      shares += double(std::ranges::max(images.counts(shard.train))) / double(shard.train.size()) / 12;
    }
    return shares;
  };
  EXPECT_GT(largest_share(0.01), 0.6) << "until a class has no image left";
  EXPECT_LT(largest_share(1e5), 0.45) << "the largest class has 23 % of all images";
  EXPECT_GT(largest_share(1e-4), 0.6) << "where every draw underflows";
}

TEST(DirichletMixtures, trains_and_tests_a_client_on_the_same_classes) {
  const Images images;
  PartitionOptions options = options_of("dirichlet_mixtures", 4);
  options.alpha = 0.5;
  options.test_fraction = 0.5;
  const auto partition = make(images, options);
  double common = 0;
  for (ClientId client = 0; client < 4; ++client) {
    const Shard shard = partition->shard(client);
    const Indices train = images.counts(shard.train), test = images.counts(shard.test);
    for (std::size_t c = 0; c < train.size(); ++c)
      common += double(std::min(train[c], test[c])) / double(shard.train.size()) / 4;
  }
  EXPECT_GT(common, 0.8);
}

TEST(Pathological, gives_each_client_its_few_classes_for_training_and_testing) {
  const Images images;
  for (const std::int64_t classes : {1, 2, 5}) {
    PartitionOptions options = options_of("pathological", 12);
    options.classes_per_client = classes;
    const auto partition = make(images, options);
    for (ClientId client = 0; client < 12; ++client) {
      const Shard shard = partition->shard(client);
      const Indices train = images.counts(shard.train), test = images.counts(shard.test);
      EXPECT_EQ(std::ranges::count_if(train, [](auto n) { return n > 0; }), classes);
      for (std::size_t c = 0; c < train.size(); ++c) EXPECT_TRUE(test[c] == 0 || train[c] > 0) << "class " << c;
    }
  }
}

TEST(Pathological, leaves_out_the_classes_that_nobody_is_given) {
  const Images images;
  PartitionOptions options = options_of("pathological", 2);
  const auto partition = make(images, options);
  std::set<std::int64_t> seen;
  for (ClientId client = 0; client < 2; ++client)
    for (const auto i : partition->shard(client).train) seen.insert(images.labels[std::size_t(i)]);
  EXPECT_EQ(seen.size(), 4u) << "two clients of two classes each, none of them twice";
}

TEST(Pathological, refuses_more_classes_than_there_are) {
  PartitionOptions options = options_of("pathological");
  options.classes_per_client = 7;
  EXPECT_THAT(sentence([&] { make(Images(), options); }),
              HasSubstr("classes_per_client = 7: the data has only 6 classes"));
}

TEST(Domain, gives_each_client_images_of_one_domain) {
  const Images images;
  const auto partition = make(images, options_of("domain", 8));
  std::set<std::int64_t> seen;
  for (ClientId client = 0; client < 8; ++client) {
    const Shard shard = partition->shard(client);
    for (const auto* side : {&shard.train, &shard.test})
      for (const auto i : *side) EXPECT_EQ(images.domains[std::size_t(i)], client % 3);
    seen.insert(client % 3);
  }
  EXPECT_EQ(seen.size(), 3u);
}

TEST(Domain, refuses_fewer_clients_than_domains) {
  EXPECT_THAT(sentence([] { make(Images(), options_of("domain", 2)); }),
              testing::AllOf(HasSubstr("partition.clients = 2"), HasSubstr("3 domains")));
}

TEST(Domain, holds_the_same_shares_of_each_domain_out) {
  const Images images;
  PartitionOptions options = options_of("domain", 3);
  options.validation_fraction = 0.2;
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const auto partition = make(images, options, seed);
    for (ClientId client = 0; client < 3; ++client) {
      const Shard shard = partition->shard(client);
      const double all = double(shard.train.size() + shard.validation.size() + shard.test.size());
      EXPECT_NEAR(double(shard.test.size()) / all, 0.2, 0.05);
      EXPECT_NEAR(double(shard.validation.size()) / all, 0.2, 0.05);
    }
  }
}

TEST(Domain, gives_clients_to_the_domains_that_are_seen) {
  const Images images;
  PartitionOptions options = options_of("domain", 5);
  options.unseen_domains = "0";
  const auto partition = make(images, options);
  for (ClientId client = 0; client < 5; ++client)
    for (const auto i : partition->shard(client).train) EXPECT_EQ(images.domains[std::size_t(i)], 1 + client % 2);
  options.clients = 1;
  EXPECT_THAT(sentence([&] { make(images, options); }), HasSubstr("the data has 2 seen domains"));
}

TEST(Unseen, domains_are_found_by_name_and_by_number) {
  const Images images;
  const std::vector<std::string> names{"aerial", "infrared", "2 m"};
  Labelled view = images.view();
  view.domain_names = names;
  const auto unseen = [&](const std::string& asked) {
    PartitionOptions options = options_of("even", 4);
    options.unseen_domains = asked;
    return make_partition(view, options, Keys(1))->pools().unseen;
  };
  EXPECT_EQ(unseen("infrared; 2 m"), unseen(" 1;2 "));
  EXPECT_NE(unseen("infrared"), unseen("aerial"));
  EXPECT_TRUE(unseen(" ; ").empty());
  EXPECT_THAT(sentence([&] { unseen("infrard"); }),
              HasSubstr("no domain infrard; the nearest is infrared, all are aerial, infrared, 2 m."));
  EXPECT_THAT(sentence([&] { unseen("3"); }), HasSubstr("no domain 3"));
  EXPECT_THAT(sentence([&] { unseen("0; 1; 2"); }), HasSubstr("names all 3 domains"));
}

TEST(Unseen, domains_of_data_that_have_one_are_refused) {
  Images images;
  std::ranges::fill(images.domains, 0);
  images.domain_count = 1;
  PartitionOptions options = options_of("even", 4);
  options.unseen_domains = "0";
  EXPECT_THAT(sentence([&] { make(images, options); }), HasSubstr("needs several domains, and the data has one"));
}

TEST(Unseen, clients_that_share_images_with_others_are_refused) {
  PartitionOptions options = options_of("sampled", 4);
  options.unseen_clients = 1;
  EXPECT_THAT(sentence([&] { make(Images(), options); }), HasSubstr("share their images with others"));
}

TEST(Domain, refuses_data_of_one_domain) {
  Images images;
  std::ranges::fill(images.domains, 0);
  images.domain_count = 1;
  EXPECT_THAT(sentence([&] { make(images, options_of("domain", 4)); }), HasSubstr("the data has one"));
}

/// The largest share of a class that one client has, averaged over classes.
double concentration(const Images& images, const PartitionOptions& options) {
  const auto partition = make(images, options);
  std::vector<double> largest(std::size_t(images.classes), 0);
  for (ClientId client = 0; client < options.clients; ++client) {
    const Indices counts = images.counts(partition->shard(client).train);
    for (std::size_t c = 0; c < counts.size(); ++c)
      largest[c] = std::max(largest[c], double(counts[c]) / (0.8 * (20 + 10 * double(c))));
  }
  return std::accumulate(largest.begin(), largest.end(), 0.0) / double(images.classes);
}

TEST(Dirichlet, is_even_at_a_large_concentration_and_skewed_at_a_small_one) {
  const Images images;
  PartitionOptions options = options_of("dirichlet", 4);
  options.alpha = 1e6;
  EXPECT_NEAR(concentration(images, options), 0.25, 0.03);
  options.alpha = 0.1;
  EXPECT_GT(concentration(images, options), 0.6);
}

TEST(Dirichlet, tests_a_client_on_the_mixture_it_trains_on) {
  const Images images;
  const auto partition = make(images, options_of("dirichlet", 4));
  for (ClientId client = 0; client < 4; ++client) {
    const Shard shard = partition->shard(client);
    const Indices train = images.counts(shard.train), test = images.counts(shard.test);
    for (std::size_t c = 0; c < train.size(); ++c)
      EXPECT_NEAR(double(test[c]), double(train[c]) / 4, 1.01) << "a fifth of each class is held out";
  }
}

TEST(Dirichlet, draws_again_until_every_client_has_the_fewest_images_asked_for) {
  const Images images;
  for (const auto& [kind, fewest] : {std::pair{"dirichlet", 14}, {"quantity", 4}}) {
    PartitionOptions options = options_of(kind, 8);
    options.alpha = 1;
    options.min_samples = fewest;
    int redrawn = 0;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      const auto partition = make(images, options, seed);
      for (ClientId client = 0; client < 8; ++client)
        EXPECT_GE(std::int64_t(partition->shard(client).train.size()), fewest);
      PartitionOptions any = options;
      any.min_samples = 1;
      redrawn += make(images, any, seed)->shard(0).train != partition->shard(0).train;
    }
    EXPECT_GT(redrawn, 0) << kind << ": no seed put the promise to the test";
  }
}

TEST(Quantity, skews_sizes_and_not_mixtures) {
  const Images images;
  PartitionOptions options = options_of("quantity", 4);
  const auto partition = make(images, options);
  std::size_t smallest = 1000, largest = 0;
  for (ClientId client = 0; client < 4; ++client) {
    const Shard shard = partition->shard(client);
    smallest = std::min(smallest, shard.train.size());
    largest = std::max(largest, shard.train.size());
    EXPECT_NEAR(double(shard.test.size()), double(shard.train.size()) / 4, 1.01);
  }
  EXPECT_GT(largest, 2 * smallest);
}

TEST(Sampled, serves_a_thousand_million_clients_in_the_memory_of_one) {
  auto resident_pages = [] {
    std::ifstream file("/proc/self/statm");
    std::int64_t total = 0, resident = 0;
    file >> total >> resident;
    return resident;
  };
  const Images images;
  const std::int64_t before = resident_pages();
  const auto partition = make(images, options_of("sampled", 1'000'000'000));
  std::set<Indices> shards;
  for (const ClientId client : {0, 1, 500'000, 999'999, 999'999'999}) shards.insert(partition->shard(client).train);
  EXPECT_EQ(shards.size(), 5u);
  EXPECT_LT((resident_pages() - before) * ::getpagesize(), 16 << 20) << "bytes";
}

TEST(Sampled, draws_images_by_class_shares_of_the_clients_own) {
  const Images images;
  PartitionOptions options = options_of("sampled", 400);
  options.alpha = 0.05;
  options.samples_per_client = 20;
  const auto partition = make(images, options);
  Indices classes_of_one(std::size_t(images.classes), 0);
  double classes_held = 0;
  for (ClientId client = 0; client < 400; ++client) {
    const Shard shard = partition->shard(client);
    EXPECT_LE(shard.train.size(), 20u);
    EXPECT_LE(shard.test.size(), 4u);
    EXPECT_GE(shard.test.size(), 1u);
    const Indices counts = images.counts(shard.train);
    for (std::size_t c = 0; c < counts.size(); ++c) classes_of_one[c] += counts[c] > 0;
    classes_held += double(std::ranges::count_if(counts, [](auto n) { return n > 0; })) / 400;
  }
  EXPECT_LT(classes_held, 2.5);
  for (const auto n : classes_of_one) EXPECT_GT(n, 30) << "all classes are somebody's";
}

TEST(Sampled, refuses_data_of_which_nothing_is_left_to_train_on) {
  Images images(2, 1);
  images.labels = {0, 1}, images.domains = {0, 0};
  PartitionOptions options = options_of("sampled", 3);
  options.test_fraction = 0.9;
  EXPECT_THAT(sentence([&] { make(images, options); }), HasSubstr("no training images"));
}

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
