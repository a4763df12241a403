#include "io/zip.hpp"

#include <algorithm>
#include <vector>

#include "core/error.hpp"
#include "io/byte_reader.hpp"

namespace fedorbit {
namespace {

constexpr std::uint32_t local_mark = 0x04034b50, entry_mark = 0x02014b50, end_mark = 0x06054b50,
                        wide_end_mark = 0x06064b50, wide_locator_mark = 0x07064b50;
constexpr std::uint64_t end_bytes = 22, locator_bytes = 20, longest_comment = 0xFFFF, in_wide_field = 0xFFFFFFFF;

class Archive {
 public:
  Archive(std::span<const std::byte> bytes, const std::string& where) : bytes_(bytes), where_(where) {}

  ZipDirectory entries() const {
    const Place place = find_directory();
    require(place.begin <= bytes_.size() && place.size <= bytes_.size() - place.begin, where_,
            " has its directory outside of itself.");
    ByteReader reader(bytes_.subspan(place.begin, place.size), where_);
    ZipDirectory out;
    std::vector<Extent> extents;
    for (std::uint64_t i = 0; i < place.entries; ++i) {
      Header header = read_header(reader);
      const Extent extent = find_data(header, place.begin);
      extents.push_back(extent);
      require(out.try_emplace(header.name, ZipEntry{extent.data, header.size, header.method == 0}).second, where_,
              " has two entries of the name '", header.name, "'.");
    }
    std::sort(extents.begin(), extents.end(), [](const Extent& a, const Extent& b) { return a.begin < b.begin; });
    for (std::size_t i = 1; i < extents.size(); ++i)
      require(extents[i - 1].end <= extents[i].begin, where_, " has entries that lie on each other at byte ",
              extents[i].begin, ".");
    return out;
  }

 private:
  struct Place {
    std::uint64_t entries, begin, size;
  };
  struct Header {
    std::string name;
    std::uint64_t method, size, packed, local;
  };
  struct Extent {
    std::uint64_t begin, data, end;
  };

  ByteReader at(std::uint64_t offset) const {
    require(offset <= bytes_.size(), where_, " points to byte ", offset, ", past its end.");
    return {bytes_.subspan(offset), where_};
  }
  bool marked(std::uint64_t offset, std::uint32_t mark) const {
    return offset <= bytes_.size() && bytes_.size() - offset >= 4 && at(offset).number(4) == mark;
  }

  Place find_directory() const {
    require(bytes_.size() >= end_bytes, where_, " is too short for a zip archive.");
    const std::uint64_t last = bytes_.size() - end_bytes;
    for (std::uint64_t back = 0; back <= std::min(last, longest_comment); ++back) {
      if (!marked(last - back, end_mark)) continue;
      ByteReader reader = at(last - back);
      reader.take(10);
      const Place place = {reader.number(2), 0, reader.number(4)};
      const std::uint64_t begin = reader.number(4);
      if (reader.number(2) != back) continue;  // the mark was part of a comment
      const std::uint64_t here = last - back;
      if (here >= locator_bytes && marked(here - locator_bytes, wide_locator_mark))
        return wide_directory(here - locator_bytes);
      return {place.entries, begin, place.size};
    }
    fail(where_, " was cut short, or is no zip archive: its directory is not at its end.");
  }

  Place wide_directory(std::uint64_t locator) const {
    ByteReader reader = at(locator + 8);
    const std::uint64_t offset = reader.number(8);
    require(marked(offset, wide_end_mark), where_, " has no 64-bit directory where it says.");
    reader = at(offset);
    reader.take(32);
    const std::uint64_t entries = reader.number(8), size = reader.number(8);
    return {entries, reader.number(8), size};
  }

  Header read_header(ByteReader& reader) const {
    require(reader.number(4) == entry_mark, where_, " has a directory that is broken before byte ", reader.position(),
            " of it.");
    reader.take(4);
    require((reader.number(2) & 1) == 0, where_, " is encrypted.");
    Header out;
    out.method = reader.number(2);
    reader.take(8);
    out.packed = reader.number(4);
    out.size = reader.number(4);
    const std::uint64_t name = reader.number(2), extra = reader.number(2), comment = reader.number(2);
    reader.take(8);
    out.local = reader.number(4);
    out.name = reader.take(name);
    read_extra(reader.take(extra), out);
    reader.take(comment);
    return out;
  }

  /// Numbers that do not fit into 32 bits stand in an extra field, in this order.
  void read_extra(std::string_view bytes, Header& out) const {
    ByteReader reader(std::as_bytes(std::span(bytes)), where_);
    while (reader.left() >= 4) {
      const std::uint64_t kind = reader.number(2), size = reader.number(2);
      const std::string_view content = reader.take(size);
      if (kind != 1) continue;
      ByteReader wide(std::as_bytes(std::span(content)), where_);
      for (std::uint64_t* number : {&out.size, &out.packed, &out.local})
        if (*number == in_wide_field) *number = wide.number(8);
    }
  }

  /// The entry's own header stands before its bytes.
  Extent find_data(const Header& header, std::uint64_t directory) const {
    require(marked(header.local, local_mark), where_, " has no entry '", header.name, "' where its directory says.");
    ByteReader reader = at(header.local);
    reader.take(26);
    const std::uint64_t name = reader.number(2), extra = reader.number(2);
    require(reader.take(name) == header.name, where_, " calls the entry '", header.name, "' otherwise at its place.");
    reader.take(extra);
    const std::uint64_t data = header.local + reader.position();
    require(header.method != 0 || header.packed == header.size, "the entry '", header.name, "' of ", where_,
            " is not compressed, but has two sizes.");
    require(data <= directory && header.packed <= directory - data, "the entry '", header.name, "' of ", where_,
            " has ", header.packed, " bytes, more than the archive: it was cut short or its directory is wrong.");
    return {header.local, data, data + header.packed};
  }

  std::span<const std::byte> bytes_;
  const std::string& where_;
};

}  // namespace

ZipDirectory read_zip_directory(std::span<const std::byte> archive, const std::string& where) {
  return Archive(archive, where).entries();
}

}  // namespace fedorbit
