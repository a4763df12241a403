// HDF5 files: what is written is read back, rows grow and shrink, and every failure names file and dataset.
#include "io/h5.hpp"

#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/randn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "core/error.hpp"
#include "io/h5_tensor.hpp"

namespace fedorbit::h5 {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

struct H5 : testing::Test {
  std::filesystem::path folder =
      std::filesystem::temp_directory_path() /
      text("fedorbit-h5-", getpid(), "-", testing::UnitTest::GetInstance()->current_test_info()->name());
  std::filesystem::path path = folder / "data.h5";
  void SetUp() override { std::filesystem::create_directories(folder); }
  void TearDown() override { std::filesystem::remove_all(folder); }
};

template <class Action>
std::string sentence_of(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

template <class T>
void expect_round_trip(File& file, const std::string& name, const std::vector<T>& values) {
  file.write<T>(name, {std::int64_t(values.size()) / 2, 2}, values);
  EXPECT_EQ(file.read<T>(name), values) << name;
  EXPECT_EQ(file.dataset(name).shape(), (Shape{std::int64_t(values.size()) / 2, 2})) << name;
}

TEST_F(H5, ArraysOfEveryTypeAreReadBackUnchanged) {
  File file = File::create(path);
  expect_round_trip<std::int64_t>(file, "/i64", {INT64_MIN, -1, 0, INT64_MAX});
  expect_round_trip<std::int32_t>(file, "/i32", {INT32_MIN, -1, 0, INT32_MAX});
  expect_round_trip<std::uint64_t>(file, "/u64", {0, UINT64_MAX});
  expect_round_trip<std::uint8_t>(file, "/u8", {0, 1, 254, 255});
  expect_round_trip<float>(file, "/deep/er/f32", {0.1f, -1e-40f, 3e38f, 0});
  expect_round_trip<double>(file, "/deep/er/f64", {0.1, 5e-324});
}

TEST_F(H5, TensorsOfEveryTypeAreReadBackUnchanged) {
  File file = File::create(path);
  const Tensor normal = at::randn({5, 3});
  for (const at::ScalarType type : {at::kFloat, at::kDouble, at::kHalf, at::kLong, at::kInt, at::kByte}) {
    const Tensor tensor = type == at::kFloat || type == at::kDouble || type == at::kHalf
                              ? normal.to(type)
                              : at::arange(15).reshape({5, 3}).to(type);
    const std::string name = std::string("/") + toString(type);
    write_tensor(file, name, tensor.t());
    const Tensor back = read_tensor(file, name);
    EXPECT_EQ(back.scalar_type(), type);
    EXPECT_TRUE(at::equal(back, tensor.t())) << name;
  }
}

TEST_F(H5, RowsOfADatasetAreReadAndWrittenAlone) {
  File file = File::create(path);
  const Tensor table = at::arange(40, at::kFloat).reshape({10, 2, 2});
  Dataset dataset = write_tensor(file, "/table", table, {.chunk_rows = 3});
  EXPECT_TRUE(at::equal(read_tensor_rows(dataset, 4, 3), table.slice(0, 4, 7)));
  write_tensor_rows(dataset, 8, table.slice(0, 0, 2));
  EXPECT_THAT(dataset.read_rows<float>(8, 1), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(sentence_of([&] { dataset.read_rows<float>(8, 3); }),
              AllOf(HasSubstr("data.h5 /table"), HasSubstr("8 to 11"), HasSubstr("10 rows")));
}

TEST_F(H5, AnExtendibleDatasetGrowsByRowsAndIsCut) {
  File file = File::create(path);
  Dataset dataset = file.make<std::int64_t>("/pairs", {0, 2}, {.chunk_rows = 2, .extendible = true});
  for (std::int64_t i = 0; i < 5; ++i) dataset.append<std::int64_t>(std::vector<std::int64_t>{i, i * i});
  EXPECT_EQ(dataset.rows(), 5);
  dataset.resize(3);
  dataset.append<std::int64_t>(std::vector<std::int64_t>{7, 8});
  EXPECT_THAT(dataset.read<std::int64_t>(), ElementsAre(0, 0, 1, 1, 2, 4, 7, 8));
  EXPECT_THAT(sentence_of([&] { dataset.append<std::int64_t>(std::vector<std::int64_t>{1}); }),
              HasSubstr("no whole number of rows of 2"));
}

TEST_F(H5, TextsAreReadBackAndLongOnesEndAtAWholeCharacter) {
  File file = File::create(path);
  file.write_texts("/classes", std::vector<std::string>{"storage tanks", "", "côte"});
  EXPECT_THAT(file.read_texts("/classes"), ElementsAre("storage tanks", "", "côte"));
  Dataset narrow = file.make_texts("/narrow", 0, 2, {.chunk_rows = 4, .extendible = true});
  narrow.append_texts(std::vector<std::string>{"côte", "ab", "abc"});
  EXPECT_THAT(narrow.read_texts(), ElementsAre("c", "ab", "ab"));
  EXPECT_TRUE(narrow.holds_text());
}

TEST_F(H5, AttributesAreReadBackAndReplacedWhateverTheirLength) {
  const std::string long_text(200'000, 'x');
  {
    File file = File::create(path);
    file.set_attribute("note", "first");
    file.set_attribute("note", long_text);
    file.set_attribute("empty", "");
    Group group = file.make_group("/a/b");
    group.set_attribute("count", std::int64_t{-3});
    group.set_attribute("rate", 0.1);
    group.set_attribute("version", std::vector<std::int64_t>{1, 0});
  }
  const File file = File::open(path);
  EXPECT_EQ(file.text_attribute("note"), long_text);
  EXPECT_EQ(file.text_attribute("empty"), "");
  EXPECT_EQ(file.group("/a/b").integer_attribute("count"), -3);
  EXPECT_EQ(file.group("/a/b").real_attribute("rate"), 0.1);
  EXPECT_THAT(file.group("/a/b").integers_attribute("version"), ElementsAre(1, 0));
  EXPECT_FALSE(file.has_attribute("other"));
  EXPECT_THAT(sentence_of([&] { file.text_attribute("other"); }), AllOf(HasSubstr("data.h5"), HasSubstr("'other'")));
  EXPECT_THAT(sentence_of([&] { file.group("/a/b").text_attribute("count"); }),
              AllOf(HasSubstr("/a/b"), HasSubstr("is not one text")));
}

TEST_F(H5, AMissingDatasetIsNamedWithWhatIsThere) {
  File file = File::create(path);
  file.write<float>("/group/images", {1}, std::vector<float>{1});
  EXPECT_THAT(sentence_of([&] { file.dataset("/group/labels"); }),
              AllOf(HasSubstr("data.h5 has no dataset /group/labels"), HasSubstr("/group holds images")));
  EXPECT_THAT(sentence_of([&] { file.dataset("/nothing/labels"); }), HasSubstr("/ holds group"));
  EXPECT_THAT(sentence_of([&] { file.read<std::int64_t>("/group/images"); }), HasSubstr("another kind of values"));
  EXPECT_TRUE(file.has("/group/images"));
  EXPECT_FALSE(file.has("/group/images/x"));
  EXPECT_TRUE(file.is_group("/group"));
  EXPECT_FALSE(file.is_group("/group/images"));
}

TEST_F(H5, AFileThatCannotBeReadIsSaidSoInOneSentence) {
  EXPECT_THAT(sentence_of([&] { File::open(path); }), HasSubstr("data.h5 does not exist."));
  EXPECT_THAT(sentence_of([&] { File::open(folder); }), HasSubstr("is a folder"));
  std::ofstream(path) << "text";
  EXPECT_THAT(sentence_of([&] { File::open(path); }), HasSubstr("is not an HDF5 file"));
  {
    File file = File::create(path);
    file.write<float>("/x", {10000}, std::vector<float>(10000, 1));
  }
  std::filesystem::resize_file(path, 20000);
  EXPECT_THAT(sentence_of([&] { File::open(path); }), AllOf(HasSubstr("data.h5"), HasSubstr("truncated file")));
  EXPECT_THAT(sentence_of([&] { File::create(folder / "no" / "where.h5"); }), HasSubstr("No such file or directory"));
}

TEST_F(H5, AFileThatAnotherWriterHoldsIsNotEmptied) {
  // The child is born before the file is opened, so that it shares neither the lock nor the library's memory of it.
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  if (child == 0) {
    char byte;
    if (read(ready[0], &byte, 1) != 1) _exit(2);
    _exit(sentence_of([&] { File::create(path); }).find("unable to lock file") == std::string::npos);
  }
  const File first = File::create(path);
  ASSERT_EQ(write(ready[1], "x", 1), 1);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0) << "the second writer was let in";
}

TEST_F(H5, NamesAreListedInTheOrderOfTheirCreation) {
  {
    File file = File::create(path);
    for (const char* name : {"/z", "/a", "/m"}) file.write<float>(name, {1}, std::vector<float>{1});
    file.make_group("/sub");
    for (const char* name : {"/sub/b", "/sub/a"}) file.write<float>(name, {1}, std::vector<float>{1});
  }
  const File file = File::open(path);
  EXPECT_THAT(file.names(), ElementsAre("z", "a", "m", "sub"));
  EXPECT_THAT(file.names("/sub"), ElementsAre("b", "a"));
}

TEST_F(H5, AReaderSeesWhatAWriterHasFlushed) {
  {
    File file = File::create(path);
    file.make<std::int64_t>("/row", {0}, {.chunk_rows = 8, .extendible = true});
  }
  File writer = File::open(path, Access::modify);
  writer.start_swmr();
  Dataset column = writer.dataset("/row");
  column.append<std::int64_t>(std::vector<std::int64_t>{1, 2, 3});
  writer.flush();
  EXPECT_THAT(File::open(path, Access::read_swmr).read<std::int64_t>("/row"), ElementsAre(1, 2, 3));
}

TEST_F(H5, maps_a_dataset_in_one_piece_without_a_copy_in_memory) {
  const Tensor values = at::randn({70, 30, 5});
  {
    File file = File::create(path, 4096);
    file.write<std::int64_t>("/before", {1}, std::vector<std::int64_t>{1});
    write_tensor(file, "/mapped", values, {.mappable = true});
    write_tensor(file, "/half", values.to(at::kHalf), {.mappable = true});
    write_tensor(file, "/pieces", values, {.chunk_rows = 2});
    file.close();
  }
  Tensor mapped;
  {
    const File file = File::open(path);
    mapped = map_tensor(file, "/mapped");
    EXPECT_EQ(file.dataset("/mapped").offset() % 4096, 0);
    EXPECT_TRUE(at::equal(map_tensor(file, "/half"), values.to(at::kHalf)));
    EXPECT_THAT(sentence_of([&] { map_tensor(file, "/pieces"); }), HasSubstr("/pieces is not in one piece"));
  }
  EXPECT_TRUE(at::equal(mapped, values)) << "the mapping outlives the file";
}

TEST_F(H5, the_same_content_makes_the_same_bytes) {
  const auto bytes = [&](const char* name) {
    File file = File::create(folder / name);
    file.make_group("/group");
    write_tensor(file, "/group/values", at::arange(5));
    file.close();
    std::ifstream stream(folder / name, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(stream), {});
  };
  const std::string first = bytes("first.h5");
  sleep(1);  // times are kept in seconds, where they are kept
  EXPECT_TRUE(first == bytes("second.h5"));
}

}  // namespace
}  // namespace fedorbit::h5
