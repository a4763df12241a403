#include "io/tiff_orientation.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace fedorbit {
namespace {

/// Numbers at places of a file, in the file's byte order; nothing beyond its end.
struct Numbers {
  std::string_view file;
  bool little;
  std::optional<std::uint64_t> at(std::uint64_t place, unsigned width) const {
    if (place > file.size() || width > file.size() - place) return std::nullopt;
    std::uint64_t number = 0;
    for (unsigned i = 0; i < width; ++i)
      number = number << 8 | static_cast<unsigned char>(file[place + (little ? width - 1 - i : i)]);
    return number;
  }
};

}  // namespace

int tiff_orientation(std::string_view file) {
  constexpr std::uint64_t tag = 274;
  if (!file.starts_with("II") && !file.starts_with("MM")) return 1;
  const Numbers numbers{file, file.starts_with("II")};
  const auto kind = numbers.at(2, 2);
  if (kind != 42u && kind != 43u) return 1;
  const bool big = kind == 43u;  // BigTIFF: numbers and entries are longer
  const unsigned wide = big ? 8 : 4, entry = big ? 20 : 12, counted = big ? 8 : 2;
  const auto directory = numbers.at(big ? 8 : 4, wide);
  const auto entries = directory ? numbers.at(*directory, counted) : std::nullopt;
  if (!entries) return 1;
  for (std::uint64_t i = 0; i < std::min<std::uint64_t>(*entries, 65536); ++i) {
    const std::uint64_t place = *directory + counted + i * entry;
    if (numbers.at(place, 2) != tag) continue;
    const auto value = numbers.at(place + 4 + wide, 2);  // a short stands in the entry itself
    return value && *value >= 1 && *value <= 8 ? int(*value) : 1;
  }
  return 1;
}

}  // namespace fedorbit
