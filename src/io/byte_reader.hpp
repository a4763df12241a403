// Little-endian numbers and stretches of bytes, taken one after another and never past the end.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/error.hpp"

namespace fedorbit {

class ByteReader {
 public:
  /// `where` names the source in errors and must outlive the reader, as the bytes must.
  ByteReader(std::span<const std::byte> bytes, const std::string& where) : bytes_(bytes), where_(&where) {}

  std::uint64_t position() const { return position_; }
  std::uint64_t left() const { return bytes_.size() - position_; }

  std::string_view take(std::uint64_t count) {
    require(count <= left(), *where_, " breaks off: at byte ", position_, " it announces ", count, " bytes and has ",
            left(), " left.");
    const auto* begin = reinterpret_cast<const char*>(bytes_.data()) + position_;
    position_ += count;
    return {begin, std::size_t(count)};
  }
  /// Up to the next line break, which is passed over.
  std::string_view line() {
    const std::string_view rest(reinterpret_cast<const char*>(bytes_.data()) + position_, std::size_t(left()));
    const auto end = rest.find('\n');
    require(end != rest.npos, *where_, " breaks off in a line that begins at byte ", position_, ".");
    return take(end + 1).substr(0, end);
  }
  /// An unsigned number of `width` bytes, at most eight.
  std::uint64_t number(unsigned width) {
    const std::string_view bytes = take(width);
    std::uint64_t out = 0;
    for (unsigned i = width; i-- > 0;) out = out << 8 | static_cast<unsigned char>(bytes[i]);
    return out;
  }

 private:
  std::span<const std::byte> bytes_;
  const std::string* where_;
  std::uint64_t position_ = 0;
};

}  // namespace fedorbit
