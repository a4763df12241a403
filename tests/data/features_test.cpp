// Feature files: what is written is mapped back, a killed writer's work is gone on with, and lies are refused.
#include "data/features.hpp"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "core/error.hpp"
#include "data/feature_writer.hpp"
#include "io/file.hpp"
#include "io/h5.hpp"

namespace fedorbit {
namespace {

using testing::HasSubstr;

struct FeatureFiles : testing::Test {
  std::filesystem::path folder =
      std::filesystem::temp_directory_path() /
      text("fedorbit-features-", getpid(), "-", testing::UnitTest::GetInstance()->current_test_info()->name());
  std::filesystem::path path = folder / "features.h5";
  FeatureShape shape{5, 3, 2, 2, false};  // 5 images of width 3, 2 patches, 2 views: 15 rows
  FeatureSet about;
  Tensor features = at::arange(45, at::kFloat).view({15, 3}), patches = at::arange(90, at::kFloat).view({15, 2, 3});

  void SetUp() override {
    std::filesystem::create_directories(folder);
    about.origin = {"data", "weights", "preprocessing", "views", "arithmetic"};
    about.labels = at::tensor({0, 1, 0, 1, 1}, at::kLong);
    about.class_names = {"forest", "river"};
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  void append(FeatureWriter& writer, std::int64_t count) {
    const std::int64_t first = writer.done();
    writer.append(features.narrow(0, first, count), patches.narrow(0, first, count));
  }
  void write_all() {
    FeatureWriter writer(path, shape, about);
    append(writer, 15 - writer.done());
    writer.finish();
  }
  std::string refusal() {
    try {
      open_features(path);
    } catch (const Error& error) {
      return error.what();
    }
    return "nothing was refused";
  }
};

/// Where the file holds the row of features that begins with `value`, for it alone.
std::size_t place_of(const std::string& bytes, float value) {
  return bytes.find(std::string(reinterpret_cast<const char*>(&value), sizeof value));
}

TEST_F(FeatureFiles, with_a_changed_bit_in_a_row_are_refused) {
  write_all();
  const std::string whole = read_file(path);
  for (const float value : {13.0f, 37.0f, 77.0f}) {  // plain features, a view's, its patches
    std::string bytes = whole;
    ASSERT_NE(place_of(bytes, value), std::string::npos);
    bytes[place_of(bytes, value)] ^= 1;
    write_file(path, bytes);
    EXPECT_THAT(refusal(), HasSubstr("do not fit their checksum; remove the file"));
  }
  write_file(path, whole);
  EXPECT_EQ(refusal(), "nothing was refused");
}

TEST_F(FeatureFiles, with_another_label_are_refused) {
  write_all();
  {
    h5::File file = h5::File::open(path, h5::Access::modify);
    file.dataset(feature_file::label).write_rows<std::int64_t>(2, std::vector<std::int64_t>{1});
  }
  EXPECT_THAT(refusal(), HasSubstr("its labels, names or texts do not fit their checksum"));
}

TEST_F(FeatureFiles, are_checked_by_the_ranks_of_a_node_together) {
  write_all();
  std::string bytes = read_file(path);
  bytes[place_of(bytes, 37.0f)] ^= 1;  // of row 12
  write_file(path, bytes);
  EXPECT_NO_THROW(open_features(path, {0, 3}));
  EXPECT_NO_THROW(open_features(path, {1, 3}));
  EXPECT_THROW(open_features(path, {2, 3}), Error);
}

TEST_F(FeatureFiles, go_on_before_a_row_that_was_damaged) {
  {
    FeatureWriter writer(path, shape, about);
    append(writer, 9);
    writer.keep();
  }
  std::string bytes = read_file(part_path(path));
  bytes[place_of(bytes, 13.0f)] ^= 1;  // of row 4
  write_file(part_path(path), bytes);
  FeatureWriter writer(path, shape, about);
  EXPECT_EQ(writer.done(), 4);
  append(writer, 11);
  writer.finish();
  EXPECT_EQ(refusal(), "nothing was refused");
}

TEST_F(FeatureFiles, give_back_what_was_appended_whatever_the_pieces) {
  FeatureWriter writer(path, shape, about);
  for (const std::int64_t count : {4, 3, 7, 1}) append(writer, count);  // pieces that straddle views
  writer.finish();
  const FeatureSet set = open_features(path);
  EXPECT_TRUE(at::equal(set.of.features, features.narrow(0, 0, 5)));
  EXPECT_TRUE(at::equal(set.of.patches, patches.narrow(0, 0, 5)));
  EXPECT_TRUE(at::equal(set.of.view_features.flatten(0, 1), features.narrow(0, 5, 10)));
  EXPECT_TRUE(at::equal(set.of.view_patches.flatten(0, 1), patches.narrow(0, 5, 10)));
  EXPECT_TRUE(at::equal(set.labels, about.labels));
  EXPECT_EQ(set.class_names, about.class_names);
  EXPECT_EQ(set.origin.views, "views");
  EXPECT_FALSE(std::filesystem::exists(part_path(path)));
}

TEST_F(FeatureFiles, go_on_where_a_writer_was_killed_to_the_same_bytes) {
  write_all();
  const std::string whole = read_file(path);
  std::filesystem::remove(path);
  {
    FeatureWriter killed(path, shape, about);
    append(killed, 7);
    killed.keep();
    append(killed, 3);  // counts only with the next keep
  }
  EXPECT_FALSE(std::filesystem::exists(path));
  FeatureWriter writer(path, shape, about);
  EXPECT_EQ(writer.done(), 7);
  append(writer, 8);
  writer.finish();
  EXPECT_TRUE(read_file(path) == whole);
}

TEST_F(FeatureFiles, begin_anew_where_the_part_is_of_other_features) {
  const auto begin = [&] {
    FeatureWriter killed(path, shape, about);
    append(killed, 7);
    killed.keep();
  };
  const auto done_after = [&](auto change) {
    begin();
    FeatureSet other = about;
    FeatureShape sizes = shape;
    change(other, sizes);
    const std::int64_t done = FeatureWriter(path, sizes, other).done();
    std::filesystem::remove(part_path(path));
    return done;
  };
  EXPECT_EQ(done_after([](auto&, auto&) {}), 7);
  EXPECT_EQ(done_after([](FeatureSet& set, auto&) { set.origin.data = "other"; }), 0);
  EXPECT_EQ(done_after([](FeatureSet& set, auto&) { set.origin.weights = "other"; }), 0);
  EXPECT_EQ(done_after([](FeatureSet& set, auto&) { set.origin.preprocessing = "other"; }), 0);
  EXPECT_EQ(done_after([](FeatureSet& set, auto&) { set.origin.views = "other"; }), 0);
  EXPECT_EQ(done_after([](FeatureSet& set, auto&) { set.origin.arithmetic = "other"; }), 0);
  EXPECT_EQ(done_after([](auto&, FeatureShape& sizes) { sizes.half = true; }), 0);
  EXPECT_EQ(done_after([](auto&, FeatureShape& sizes) { sizes.views = 1; }), 0);
  EXPECT_EQ(done_after([](auto&, FeatureShape& sizes) { sizes.patches = 0; }), 0);
  write_file(part_path(path), "rubbish");
  EXPECT_EQ(FeatureWriter(path, shape, about).done(), 0);
}

TEST_F(FeatureFiles, are_written_by_one_process_at_a_time) {
  const FeatureWriter first(path, shape, about);
  try {
    const FeatureWriter second(path, shape, about);
    ADD_FAILURE() << "two writers";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("is being written by another process"));
  }
}

TEST_F(FeatureFiles, keep_float16_where_asked) {
  shape.half = true;
  write_all();
  const FeatureSet set = open_features(path);
  EXPECT_EQ(set.of.features.scalar_type(), at::kHalf);
  EXPECT_TRUE(at::equal(set.of.view_features.flatten(0, 1).to(at::kFloat), features.narrow(0, 5, 10)));
}

TEST_F(FeatureFiles, hold_domains_where_somebody_has_said_them) {
  write_all();
  EXPECT_FALSE(open_features(path).domains.defined());
  std::filesystem::remove(path);
  about.domains = at::tensor({0, 1, 1, 2, 0}, at::kLong);
  about.domain_names = {"summer", "winter", "radar"};
  write_all();
  const FeatureSet set = open_features(path);
  EXPECT_TRUE(at::equal(set.domains, about.domains));
  EXPECT_EQ(set.domain_names, about.domain_names);
  {
    h5::File file = h5::File::open(path, h5::Access::modify);
    file.dataset(feature_file::domain).write_rows<std::int64_t>(2, std::vector<std::int64_t>{0});
  }
  EXPECT_THAT(refusal(), HasSubstr("do not fit their checksum"));
  {
    h5::File file = h5::File::open(path, h5::Access::modify);
    file.dataset(feature_file::domain).write_rows<std::int64_t>(2, std::vector<std::int64_t>{3});
  }
  EXPECT_THAT(refusal(), HasSubstr("/domain: that of image 2 is 3, outside 0 to 2"));
}

TEST_F(FeatureFiles, that_are_not_whole_are_refused) {
  {
    FeatureWriter killed(path, shape, about);
    append(killed, 7);
    killed.keep();
  }
  std::filesystem::rename(part_path(path), path);
  EXPECT_THAT(refusal(), HasSubstr("holds 7 of 15 rows"));
  write_all();
  const std::string whole = read_file(path);
  for (const std::size_t size : {std::size_t{0}, std::size_t{100}, whole.size() / 2, whole.size() - 4096}) {
    write_file(path, whole.substr(0, size));
    EXPECT_THAT(refusal(), HasSubstr("features.h5")) << size;
  }
}

TEST_F(FeatureFiles, that_contradict_themselves_are_refused) {
  write_all();
  h5::File file = h5::File::open(path, h5::Access::modify);
  const std::vector<std::int64_t> labels{0, 1, 7, 1, 1};
  file.dataset("/label").write_rows<std::int64_t>(0, labels);
  file.close();
  EXPECT_THAT(refusal(), HasSubstr("/label: that of image 2 is 7, outside 0 to 1"));
}

TEST_F(FeatureFiles, of_another_origin_are_refused_by_name) {
  const auto refusal_of = [&](const FeatureOrigin& wanted) -> std::string {
    try {
      require_origin(path, about.origin, wanted);
    } catch (const Error& error) {
      return error.what();
    }
    return "accepted";
  };
  EXPECT_EQ(refusal_of(about.origin), "accepted");
  EXPECT_EQ(refusal_of({}), "accepted");
  EXPECT_EQ(refusal_of({"data", "weights", "preprocessing", "", "another processor"}), "accepted");
  EXPECT_THAT(refusal_of({"d", "weights", "preprocessing", "views", ""}), HasSubstr("other data (data)"));
  EXPECT_THAT(refusal_of({"data", "w", "preprocessing", "views", ""}), HasSubstr("other weights (weights)"));
  EXPECT_THAT(refusal_of({"data", "weights", "p", "views", ""}), HasSubstr("other preprocessing"));
  EXPECT_THAT(refusal_of({"data", "weights", "preprocessing", "v", ""}), HasSubstr("other views"));
}

}  // namespace
}  // namespace fedorbit
