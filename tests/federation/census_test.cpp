#include "federation/census.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fedorbit {
namespace {

using testing::HasSubstr;
using testing::Not;

/// Twelve images of class 0 in domain 0, twelve of class 1 in domain 1, and one of class 2 in domain 1.
struct Few {
  std::vector<std::int64_t> labels, domains;
  Few() {
    for (int i = 0; i < 25; ++i) {
      labels.push_back(i / 12);
      domains.push_back(i < 12 ? 0 : 1);
    }
  }
  RunRecord run(const PartitionOptions& options) {
    const Labelled data{labels, domains, 3, 2};
    partition = make_partition(data, options, Keys(1));
    RunRecord run;
    run.class_names = {"forest", "river", "port"};
    run.domain_names = {"aerial", "satellite"};
    run.clients = census(*partition, data, 100);
    said = notes(run, *partition, data);
    return run;
  }
  std::unique_ptr<Partition> partition;
  std::string said;
};

PartitionOptions options_of(const std::string& kind, std::int64_t clients, double test_fraction = 0.2) {
  PartitionOptions options;
  options.kind = kind;
  options.clients = clients;
  options.test_fraction = test_fraction;
  return options;
}

TEST(Census, a_client_is_of_the_domain_of_all_its_images_or_of_none) {
  Few few;
  const RunRecord apart = few.run(options_of("domain", 2));
  EXPECT_EQ(apart.clients[0].domain, 0);
  EXPECT_EQ(apart.clients[1].domain, 1);
  EXPECT_EQ(few.run(options_of("even", 1)).clients[0].domain, -1);
}

TEST(Census, who_will_not_be_tested_is_said_with_the_domains) {
  Few few;
  few.run(options_of("even", 2));
  EXPECT_THAT(few.said, HasSubstr("domains: aerial, satellite\n"));
  EXPECT_THAT(few.said, HasSubstr("no test image of 1 of 3 classes, of which no score speaks: port"));
  EXPECT_THAT(few.said, Not(HasSubstr("of their own")));
  few.run(options_of("even", 12));
  EXPECT_THAT(few.said, HasSubstr("no personal score: 8 of 12 clients"));
  few.run(options_of("even", 2, 0));
  EXPECT_THAT(few.said, HasSubstr("no image is held out for testing"));
}

}  // namespace
}  // namespace fedorbit
