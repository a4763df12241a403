// A split as a text: what is written is read back, and what is wrong with a file is said.
#include "data/split_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.hpp"
#include "support/checks.hpp"

namespace fedorbit {
namespace {

using testing::HasSubstr;
using Indices = std::vector<std::int64_t>;

/// Sixty images of three classes in two domains.
struct Images {
  Indices labels, domains;
  Images() {
    for (std::int64_t i = 0; i < 60; ++i) labels.push_back(i % 3), domains.push_back(i % 2);
  }
  Labelled view() const { return {labels, domains, 3, 2, {}, "0123abcd"}; }
};

class Written : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(all, Written, testing::Values("even", "dirichlet", "pathological", "domain"),
                         [](const auto& info) { return info.param; });

TEST_P(Written, splits_are_read_back_as_they_were) {
  const Images images;
  PartitionOptions options;
  options.kind = GetParam();
  options.clients = 5;
  options.alpha = 5;
  options.classes_per_client = 1;
  options.validation_fraction = 0.2;
  options.unseen_clients = 2;
  options.public_images = 5;
  if (options.kind != "pathological") options.unseen_domains = "1";
  const auto partition = make_partition(images.view(), options, Keys(1));
  const std::string words = split_text(*partition, images.view());
  const auto read = parse_split(words, "split.csv", images.view());
  EXPECT_EQ(read->clients(), 3);
  EXPECT_EQ(read->unseen_clients(), 2);
  const auto expect_same = [](const Shard& actual, const Shard& expected) {
    EXPECT_EQ(actual.train, expected.train);
    EXPECT_EQ(actual.validation, expected.validation);
    EXPECT_EQ(actual.test, expected.test);
    EXPECT_EQ(actual.unseen, expected.unseen);
    EXPECT_EQ(actual.public_images, expected.public_images);
  };
  EXPECT_EQ(partition->pools().public_images.size(), 5u);
  expect_same(read->pools(), partition->pools());
  for (ClientId client = 0; client < 5; ++client) expect_same(read->shard(client), partition->shard(client));
  EXPECT_EQ(split_text(*read, images.view()), words);
}

TEST(SplitFile, is_read_with_other_columns_and_without_comments) {
  const Images images;
  const auto read = parse_split("split,note,image,client\r\ntrain,a,4,0\r\ntest,,5,0\r\nunseen,b,7,1\r\n\r\n",
                                "mine.csv", images.view());
  EXPECT_EQ(read->clients(), 1);
  EXPECT_EQ(read->shard(0).train, Indices{4});
  EXPECT_EQ(read->shard(0).test, Indices{5});
  EXPECT_EQ(read->shard(1).unseen, Indices{7});
}

TEST(SplitFile, that_is_wrong_is_refused_with_file_and_line) {
  const Images images;
  const auto refusal = [&](const std::string& words) {
    return sentence([&] { parse_split(words, "mine.csv", images.view()); });
  };
  const std::string head = "image,client,split\n0,0,train\n";
  EXPECT_THAT(refusal(""), HasSubstr("mine.csv, line 0: there is no column image"));
  EXPECT_THAT(refusal("image,client\n"), HasSubstr("line 1: there is no column split"));
  EXPECT_THAT(refusal(head + "60,0,train\n"), HasSubstr("line 3: there is no image 60: the data has 60"));
  EXPECT_THAT(refusal(head + "-1,0,train\n"), HasSubstr("there is no image -1"));
  EXPECT_THAT(refusal(head + "0,1,train\n"), HasSubstr("line 3: image 0 stands here again, after line 2"));
  EXPECT_THAT(refusal(head + "a.png,1,train\n"), HasSubstr("image \"a.png\" is no whole number"));
  EXPECT_THAT(refusal(head + "1,60,train\n"), HasSubstr("there can be no client 60"));
  EXPECT_THAT(refusal(head + "1,-2,train\n"), HasSubstr("there can be no client -2"));
  EXPECT_THAT(refusal(head + "1,0,tran\n"), HasSubstr("split \"tran\" is none of train, validation, test, unseen, "
                                                      "public; the nearest is train."));
  EXPECT_THAT(refusal(head + "1,0,public\n"), HasSubstr("line 3: image 1 is public, the server's, and no client's"));
  EXPECT_THAT(refusal(head + "1,0\n"), HasSubstr("line 3: it has 2 fields where 3 are expected"));
  EXPECT_THAT(refusal(head + "1,2,train\n"), HasSubstr("client 1 has no training image"));
  EXPECT_THAT(refusal(head + "1,1,test\n"), HasSubstr("client 1 has no training image"));
  EXPECT_THAT(refusal(head + "1,1,unseen\n2,1,test\n"), HasSubstr("client 1 has images that train or test"));
  EXPECT_THAT(refusal(head + "1,1,unseen\n2,2,train\n"), HasSubstr("client 2 has images that train or test"));
  EXPECT_THAT(refusal(head + "1,1,unseen\n2,3,unseen\n"), HasSubstr("client 2 has no image"));
  EXPECT_THAT(refusal("image,client,split\n0,-1,train\n"), HasSubstr("no client trains"));
  EXPECT_THAT(refusal("# images = 61\n" + head), HasSubstr("line 1: the split is of 61 images, and the data has 60"));
  EXPECT_THAT(refusal("# data_sha256 = ffff\n" + head), HasSubstr("of other data (ffff) than these (0123abcd)"));
}

TEST(SplitFile, must_be_named_and_there) {
  const Images images;
  PartitionOptions options;
  options.kind = "file";
  const auto refusal = [&] { return sentence([&] { make_partition(images.view(), options, Keys(1)); }); };
  EXPECT_THAT(refusal(), HasSubstr("needs partition.file"));
  options.file = "nowhere.csv";
  EXPECT_THAT(refusal(), HasSubstr("partition.file = nowhere.csv does not exist"));
  options.file = "/";
  EXPECT_THAT(refusal(), HasSubstr("is no file"));
}

}  // namespace
}  // namespace fedorbit
