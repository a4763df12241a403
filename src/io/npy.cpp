// A .npy file: a magic number, a version, the length of a header, a Python dictionary as text, the elements.
#include "io/npy.hpp"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "io/file.hpp"
#include "io/foreign_content.hpp"

namespace fedorbit {
namespace npy {
namespace {

constexpr std::string_view magic = "\x93NUMPY";
constexpr std::size_t longest_header = 1 << 20;
constexpr std::size_t most_dimensions = 32;

struct NpyType {
  std::string_view name;
  c10::ScalarType type;
};
constexpr std::array<NpyType, 5> known_types{{{"<f2", c10::ScalarType::Half},
                                              {"<f4", c10::ScalarType::Float},
                                              {"<f8", c10::ScalarType::Double},
                                              {"<i4", c10::ScalarType::Int},
                                              {"<i8", c10::ScalarType::Long}}};

struct Header {
  std::optional<std::string> descr;
  std::optional<bool> fortran;
  std::optional<std::vector<std::int64_t>> shape;
};

/// Reads the one form that NumPy writes: {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }.
class HeaderReader {
 public:
  HeaderReader(std::string_view words, const std::string& file) : left_(words), file_(file) {}

  Header read() {
    Header header;
    expect('{');
    while (!take('}')) {
      const std::string key = quoted();
      expect(':');
      if (key == "descr" && !header.descr)
        header.descr = type_name();
      else if (key == "fortran_order" && !header.fortran)
        header.fortran = truth();
      else if (key == "shape" && !header.shape)
        header.shape = dimensions();
      else
        refuse();
      if (!take(',')) {
        expect('}');
        break;
      }
    }
    skip();
    if (!left_.empty() || !header.descr || !header.fortran || !header.shape) refuse();
    return header;
  }

 private:
  [[noreturn]] void refuse() const {
    fail(file_,
         " is no array file that can be read: its header is not the dictionary of descr, fortran_order and "
         "shape that NumPy writes.");
  }
  void skip() {
    const std::size_t start = left_.find_first_not_of(" \t\n");
    left_.remove_prefix(std::min(start, left_.size()));
  }
  bool take(char letter) {
    skip();
    if (left_.empty() || left_.front() != letter) return false;
    left_.remove_prefix(1);
    return true;
  }
  void expect(char letter) {
    if (!take(letter)) refuse();
  }
  std::string quoted() {
    skip();
    if (left_.empty() || (left_.front() != '\'' && left_.front() != '"')) refuse();
    const std::size_t end = left_.find(left_.front(), 1);
    if (end == left_.npos) refuse();
    const std::string word(left_.substr(1, end - 1));
    left_.remove_prefix(end + 1);
    return word;
  }
  std::string type_name() {
    skip();
    if (!left_.empty() && left_.front() == '[')
      fail(file_, " holds records of several fields; an array of float16, float32, float64, int32 or int64 is needed.");
    return quoted();
  }
  bool truth() {
    skip();
    for (const std::string_view word : {"True", "False"})
      if (left_.starts_with(word)) {
        left_.remove_prefix(word.size());
        return word == "True";
      }
    refuse();
  }
  std::vector<std::int64_t> dimensions() {
    std::vector<std::int64_t> shape;
    expect('(');
    while (!take(')')) {
      skip();
      std::int64_t size = 0;
      std::size_t digits = 0;
      for (; digits < left_.size() && left_[digits] >= '0' && left_[digits] <= '9'; ++digits)
        if (__builtin_mul_overflow(size, 10, &size) || __builtin_add_overflow(size, left_[digits] - '0', &size))
          fail(file_, " announces a dimension of more than 63 bits.");
      if (digits == 0 || shape.size() == most_dimensions) refuse();
      left_.remove_prefix(digits);
      shape.push_back(size);
      if (!take(',')) {
        expect(')');
        break;
      }
    }
    return shape;
  }

  std::string_view left_;
  const std::string& file_;
};

std::uint64_t little_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | std::uint8_t(bytes[i]);
  return value;
}

Tensor read(std::string_view bytes, const std::string& file) {
  if (const auto other = foreign_content(bytes.substr(0, 64)); !other.empty()) fail(file, " ", other);
  require(bytes.size() >= 10 && bytes.starts_with(magic), file, " is not an array file of NumPy (.npy).");
  const int major = std::uint8_t(bytes[6]);
  require(major >= 1 && major <= 3, file, " is an array file of version ", major, "; versions 1, 2 and 3 are read.");
  const std::size_t width = major == 1 ? 2 : 4, start = 8 + width;
  require(bytes.size() >= start, file, " was cut short: it ends inside its first ", start, " bytes.");
  const std::uint64_t length = little_endian(bytes.substr(8, width));
  require(length <= std::min<std::uint64_t>(longest_header, bytes.size() - start), file,
          " was cut short, or is no array file: it announces a header of ", length, " bytes and has ",
          bytes.size() - start, " left.");
  const Header header = HeaderReader(bytes.substr(start, length), file).read();

  const NpyType* known = nullptr;
  for (const NpyType& type : known_types)
    if (type.name == *header.descr) known = &type;
  require(known != nullptr, file, " holds elements of type '", *header.descr,
          "'; known are '<f2', '<f4', '<f8', '<i4' and '<i8' (little-endian).");
  require(!*header.fortran, file, " is in Fortran order; save it with numpy.ascontiguousarray.");
  std::int64_t needed = std::int64_t(c10::elementSize(known->type));
  std::int64_t strides = needed;
  bool fits = true;
  for (const std::int64_t size : *header.shape) {
    fits = fits && !__builtin_mul_overflow(strides, std::max<std::int64_t>(size, 1), &strides);
    needed = size == 0 ? 0 : needed == 0 ? 0 : strides;
  }
  require(fits, file, " has the shape ", at::IntArrayRef(*header.shape), ", which no file can hold.");
  const std::string_view data = bytes.substr(start + length);
  require(std::uint64_t(needed) == data.size(), file, " has ", data.size(), " bytes of elements, but its shape ",
          at::IntArrayRef(*header.shape), " of '", known->name, "' needs ", needed, ".");
  Tensor array = at::empty(*header.shape, known->type);
  if (!data.empty()) std::memcpy(array.data_ptr(), data.data(), data.size());
  return array;
}

}  // namespace
}  // namespace npy

Tensor read_npy(std::span<const std::byte> bytes, const std::string& name) {
  return npy::read({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, name);
}

Tensor read_npy(const std::filesystem::path& file) { return npy::read(read_file(file), file.string()); }

}  // namespace fedorbit
