// Tensors survive a file, and every lie in a header is answered by a sentence.
#include "io/safetensors.hpp"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <fstream>

#include "core/error.hpp"

namespace fedorbit {
namespace {

using testing::HasSubstr;

struct SafetensorsFile : testing::Test {
  std::filesystem::path folder = std::filesystem::temp_directory_path() / text("fedorbit-safetensors-", ::getpid());
  std::filesystem::path file = folder / "weights.safetensors";
  void SetUp() override { std::filesystem::create_directories(folder); }
  void TearDown() override { std::filesystem::remove_all(folder); }
};

std::vector<std::byte> file_of(const std::string& header, std::size_t data_bytes, std::uint64_t announced) {
  std::vector<std::byte> out(8 + header.size() + data_bytes);
  std::memcpy(out.data(), &announced, 8);
  std::memcpy(out.data() + 8, header.data(), header.size());
  return out;
}

std::string complaint(const std::string& header, std::size_t data_bytes) {
  try {
    read_safetensors(file_of(header, data_bytes, header.size()), "memory");
  } catch (const Error& error) {
    return error.what();
  }
  return "(none)";
}

std::string described(const std::string& type, const std::string& shape, const std::string& offsets) {
  return R"({"dtype":")" + type + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}";
}

TEST_F(SafetensorsFile, tensors_of_every_type_come_back_with_their_values_and_metadata) {
  NamedTensors out;
  for (const auto type : {at::kFloat, at::kHalf, at::kBFloat16, at::kLong, at::kByte, at::kDouble, at::kInt, at::kBool})
    out[text("t.", at::toString(type))] = at::arange(6).reshape({2, 3}).to(type);
  out["scalar"] = at::scalar_tensor(2.5);
  out["empty"] = at::empty({0, 4});
  out["strided"] = at::arange(6).reshape({2, 3}).t();
  write_safetensors(file, out, {{"merges", "a b\nc \"d\"\n"}, {"kind", "naïve"}});
  const Safetensors in = read_safetensors(file);
  ASSERT_EQ(in.tensors.size(), out.size());
  for (const auto& [name, tensor] : out) {
    EXPECT_EQ(in.tensors.at(name).scalar_type(), tensor.scalar_type()) << name;
    EXPECT_TRUE(at::equal(in.tensors.at(name), tensor)) << name;
  }
  EXPECT_EQ(in.metadata, (Metadata{{"merges", "a b\nc \"d\"\n"}, {"kind", "naïve"}}));
  EXPECT_FALSE(std::filesystem::exists(file.string() + ".part"));
}

TEST_F(SafetensorsFile, a_tensor_outlives_its_reader_and_writing_to_it_leaves_the_file_alone) {
  write_safetensors(file, {{"a", at::ones({1000})}});
  Tensor a = read_safetensors(file).tensors.at("a");
  a.fill_(7);
  EXPECT_EQ(a.sum().item<float>(), 7000);
  EXPECT_EQ(read_safetensors(file).tensors.at("a").sum().item<float>(), 1000);
}

TEST_F(SafetensorsFile, bytes_in_memory_read_as_the_file_does) {
  write_safetensors(file, {{"a", at::arange(5)}});
  std::ifstream stream(file, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
  EXPECT_TRUE(at::equal(read_safetensors(std::as_bytes(std::span(bytes)), "memory").tensors.at("a"), at::arange(5)));
}

TEST_F(SafetensorsFile, a_file_cut_anywhere_is_refused) {
  write_safetensors(file, {{"a", at::arange(5)}, {"b", at::ones({3})}}, {{"k", "v"}});
  std::ifstream stream(file, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_THROW(read_safetensors(std::as_bytes(std::span(bytes).first(size)), "memory"), Error) << size;
}

TEST_F(SafetensorsFile, a_file_with_any_byte_of_its_header_changed_is_refused_or_read_but_never_crashes) {
  write_safetensors(file, {{"a", at::arange(5)}, {"b", at::ones({3})}}, {{"k", "v"}});
  std::ifstream stream(file, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
  int refused = 0;
  for (std::size_t i = 0; i < bytes.size() - 52; ++i)
    for (const int change : {1, 2, 16, 64, 128}) {
      std::string changed = bytes;
      changed[i] = char(changed[i] ^ change);
      try {
        for (const auto& [name, tensor] : read_safetensors(std::as_bytes(std::span(changed)), "memory").tensors)
          tensor.to(at::kDouble).sum();
      } catch (const Error&) {
        ++refused;
      }
    }
  EXPECT_GT(refused, 300);
}

TEST_F(SafetensorsFile, an_unwritable_place_is_named_and_nothing_is_left_behind) {
  try {
    write_safetensors(folder / "nowhere" / "x.safetensors", {{"a", at::ones({1})}});
    FAIL() << "wrote into a folder that is not there";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("x.safetensors cannot be written: No such file"));
  }
  std::filesystem::create_directories(file / "occupied");
  EXPECT_THROW(write_safetensors(file, {{"a", at::ones({1})}}), Error);
  EXPECT_FALSE(std::filesystem::exists(file.string() + ".part"));
}

TEST_F(SafetensorsFile, a_full_disk_is_an_error) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "/dev/full is not there";
  std::filesystem::create_symlink("/dev/full", file.string() + ".part");
  EXPECT_THROW(write_safetensors(file, {{"a", at::ones({1})}}), Error);
  EXPECT_FALSE(std::filesystem::exists(file));
}

TEST(SafetensorsHeader, an_unknown_dtype_is_named) {
  EXPECT_THAT(complaint("{\"a\":" + described("F8", "[4]", "[0,4]") + "}", 4), HasSubstr("unknown dtype 'F8'"));
}
TEST(SafetensorsHeader, a_wrong_byte_count_is_named) {
  EXPECT_THAT(complaint("{\"a\":" + described("F32", "[2]", "[0,4]") + "}", 4),
              HasSubstr("has 4 bytes, but its shape [2]"));
}
TEST(SafetensorsHeader, an_overflowing_shape_is_refused) {
  EXPECT_THAT(complaint("{\"a\":" + described("F32", "[4294967296,4294967296]", "[0,0]") + "}", 0),
              HasSubstr("overflows"));
  EXPECT_THAT(complaint("{\"a\":" + described("F32", "[4611686018427387904]", "[0,0]") + "}", 0), HasSubstr("needs"));
}
TEST(SafetensorsHeader, a_negative_or_broken_dimension_is_refused) {
  for (const char* shape : {"[-1]", "[1.5]", "[\"2\"]", "[18446744073709551615]", "[99999999999999999999]"})
    EXPECT_THAT(complaint("{\"a\":" + described("U8", shape, "[0,1]") + "}", 1), HasSubstr("dimension")) << shape;
}
TEST(SafetensorsHeader, offsets_past_the_end_are_refused) {
  EXPECT_THAT(complaint("{\"a\":" + described("U8", "[8]", "[0,8]") + "}", 4), HasSubstr("ends at byte 8 of the data"));
}
TEST(SafetensorsHeader, offsets_that_run_backwards_are_refused) {
  EXPECT_THAT(complaint("{\"a\":" + described("U8", "[4]", "[8,4]") + "}", 8), HasSubstr("before it begins"));
}
TEST(SafetensorsHeader, overlapping_tensors_are_both_named) {
  const auto said =
      complaint("{\"a\":" + described("U8", "[4]", "[0,4]") + ",\"b\":" + described("U8", "[4]", "[2,6]") + "}", 6);
  EXPECT_THAT(said, HasSubstr("'b'"));
  EXPECT_THAT(said, HasSubstr("overlaps tensor 'a'"));
}
TEST(SafetensorsHeader, a_hole_and_bytes_left_over_are_refused) {
  EXPECT_THAT(complaint("{\"a\":" + described("U8", "[4]", "[2,6]") + "}", 6), HasSubstr("hole of 2"));
  EXPECT_THAT(complaint("{\"a\":" + described("U8", "[4]", "[0,4]") + "}", 6), HasSubstr("2 bytes after"));
}
TEST(SafetensorsHeader, a_header_longer_than_the_file_is_refused) {
  for (const std::uint64_t announced : {std::uint64_t(99), std::uint64_t(-1), std::uint64_t(1) << 63})
    EXPECT_THROW(read_safetensors(file_of("{}", 0, announced), "memory"), Error);
}
TEST(SafetensorsHeader, what_is_no_json_object_is_refused) {
  EXPECT_THAT(complaint("{\"a\":", 0), HasSubstr("not JSON"));
  EXPECT_THAT(complaint("[]", 0), HasSubstr("no JSON object"));
  EXPECT_THAT(complaint("{\"a\":3}", 0), HasSubstr("not described"));
  EXPECT_THAT(complaint("{\"__metadata__\":{\"k\":3}}", 0), HasSubstr("metadata entry 'k'"));
  EXPECT_THAT(complaint("{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[-1,1]}}", 1),
              HasSubstr("data_offsets"));
}
TEST(SafetensorsHeader, an_unaligned_tensor_is_read_all_the_same) {
  const std::string header =
      "{\"a\":" + described("U8", "[1]", "[0,1]") + ",\"b\":" + described("F32", "[1]", "[1,5]") + "}";
  auto bytes = file_of(header, 5, header.size());
  const float value = 1.5f;
  std::memcpy(bytes.data() + bytes.size() - 4, &value, 4);
  EXPECT_EQ(read_safetensors(bytes, "memory").tensors.at("b").item<float>(), value);
}

}  // namespace
}  // namespace fedorbit
