// Who owns which images: clients of one domain each, and clients and domains that nobody trains on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "data/partitions.hpp"
#include "support/checks.hpp"

namespace fedorbit {
namespace {

using testing::HasSubstr;

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

}  // namespace
}  // namespace fedorbit
