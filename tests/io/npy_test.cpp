// NumPy's array files: what is read, and what is refused with a sentence.
#include "io/npy.hpp"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.hpp"

namespace fedorbit {
namespace {

using testing::HasSubstr;

/// An array file of that version, with a header as NumPy pads it.
std::string npy(std::string header, const std::string& data, int version = 1) {
  const std::size_t width = version == 1 ? 2 : 4;
  while ((8 + width + header.size() + 1) % 64 != 0) header += ' ';
  header += '\n';
  std::string length(width, '\0');
  for (std::size_t i = 0; i < width; ++i) length[i] = char(header.size() >> (8 * i) & 255);
  return std::string("\x93NUMPY") + char(version) + '\0' + length + header + data;
}

std::string header(const std::string& type, const std::string& shape, const std::string& fortran = "False") {
  return "{'descr': '" + type + "', 'fortran_order': " + fortran + ", 'shape': " + shape + ", }";
}

template <class T>
std::string bytes_of(std::initializer_list<T> values) {
  return {reinterpret_cast<const char*>(values.begin()), values.size() * sizeof(T)};
}

Tensor read(const std::string& file) { return read_npy(std::as_bytes(std::span(file)), "a.npy"); }

std::string refusal(const std::string& file) {
  try {
    read(file);
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was refused";
}

TEST(Npy, reads_every_known_type_in_every_version) {
  for (const int version : {1, 2, 3}) {
    EXPECT_TRUE(at::equal(read(npy(header("<f4", "(2, 2)"), bytes_of<float>({1, 2, 3, 4}), version)),
                          at::tensor({1.f, 2.f, 3.f, 4.f}).view({2, 2})));
    EXPECT_TRUE(at::equal(read(npy(header("<i8", "(3,)"), bytes_of<std::int64_t>({-1, 2, 3}), version)),
                          at::tensor({-1, 2, 3}, at::kLong)));
  }
  EXPECT_TRUE(at::equal(read(npy(header("<f8", "(1,)"), bytes_of<double>({0.5}))), at::tensor({0.5}, at::kDouble)));
  EXPECT_TRUE(at::equal(read(npy(header("<i4", "(1,)"), bytes_of<std::int32_t>({7}))), at::tensor({7}, at::kInt)));
  EXPECT_TRUE(at::equal(read(npy(header("<f2", "(1,)"), bytes_of<std::uint16_t>({0x3C00}))), at::ones({1}, at::kHalf)));
}

TEST(Npy, reads_scalars_and_empty_arrays) {
  EXPECT_EQ(read(npy(header("<f4", "()"), bytes_of<float>({3}))).item<float>(), 3);
  EXPECT_EQ(read(npy(header("<f4", "(0, 5)"), "")).sizes(), at::IntArrayRef({0, 5}));
}

TEST(Npy, refuses_what_it_does_not_know_by_name) {
  EXPECT_THAT(refusal(npy(header(">f4", "(1,)"), bytes_of<float>({1}))), HasSubstr("'>f4'"));
  EXPECT_THAT(refusal(npy(header("|O", "(1,)"), bytes_of<float>({1}))), HasSubstr("'|O'"));
  EXPECT_THAT(refusal(npy(header("<f4", "(2, 2)", "True"), bytes_of<float>({1, 2, 3, 4}))), HasSubstr("Fortran"));
  EXPECT_THAT(refusal(npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", "....")),
              HasSubstr("records"));
  EXPECT_THAT(refusal(npy(header("<f4", "(1,)"), bytes_of<float>({1}), 4)), HasSubstr("version 4"));
  EXPECT_THAT(refusal("PK\3\4 an archive of arrays"), HasSubstr("not an array file"));
}

TEST(Npy, refuses_sizes_that_do_not_fit_the_file) {
  const std::string good = npy(header("<f4", "(2, 2)"), bytes_of<float>({1, 2, 3, 4}));
  for (std::size_t size = 0; size < good.size(); ++size)
    EXPECT_THAT(refusal(good.substr(0, size)), HasSubstr("a.npy")) << size << " bytes";
  EXPECT_THAT(refusal(good + "x"), HasSubstr("17 bytes of elements"));
  EXPECT_THAT(refusal(npy(header("<f8", "(4611686018427387904, 4)"), "")), HasSubstr("no file can hold"));
  EXPECT_THAT(refusal(npy(header("<f8", "(99999999999999999999,)"), "")), HasSubstr("63 bits"));
  std::string lying = good;
  lying[8] = lying[9] = '\xff';
  EXPECT_THAT(refusal(lying), HasSubstr("65535"));
}

TEST(Npy, refuses_headers_that_are_no_such_dictionary) {
  for (const char* words : {"", "{", "{}", "{'descr': '<f4'}", "{'descr': '<f4', 'fortran_order': False}",
                            "{'descr': '<f4', 'fortran_order': maybe, 'shape': (1,)}",
                            "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}",
                            "{'descr': '<f4', 'fortran_order': False, 'shape': 1}",
                            "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}",
                            "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} and more"})
    EXPECT_THAT(refusal(npy(words, "....")), HasSubstr("header")) << words;
}

}  // namespace
}  // namespace fedorbit
