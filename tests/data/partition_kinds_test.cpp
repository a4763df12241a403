// Who owns which images: what each kind of partition is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <numeric>
#include <set>

#include "data/partitions.hpp"
#include "support/checks.hpp"

namespace fedorbit {
namespace {

using testing::HasSubstr;

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
}  // namespace
}  // namespace fedorbit
