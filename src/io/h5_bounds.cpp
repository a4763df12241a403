#include "io/h5_bounds.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "io/foreign_content.hpp"

namespace fedorbit::h5 {
namespace {

constexpr std::string_view object_mark = "OHDR";  // begins an object header with a checksum
constexpr std::uint64_t nowhere = ~std::uint64_t{0};
constexpr const char* remedy = "; `h5repack --latest -f NONE OLD NEW` writes it in the newer one.";

std::uint64_t number(const std::array<char, 48>& bytes, std::size_t at) {
  std::uint64_t value = 0;
  for (std::size_t i = 8; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

/// Bytes of all values; throws where they are more than 63 bits can count, also with axes of length 0 taken as 1.
std::uint64_t announced_bytes(hid_t space, hid_t type, const Place& place) {
  const int rank = check(H5Sget_simple_extent_ndims(space), place, "read the shape");
  std::vector<hsize_t> sizes(std::size_t(rank), 0);
  check(H5Sget_simple_extent_dims(space, sizes.data(), nullptr), place, "read the shape");
  std::int64_t bytes = std::int64_t(std::max<std::size_t>(H5Tget_size(type), 1));
  bool fits = true, empty = false;
  for (const hsize_t size : sizes) {
    fits = fits && !__builtin_mul_overflow(bytes, std::max<hsize_t>(size, 1), &bytes);
    empty = empty || size == 0;
  }
  require(fits, place.file, " ", place.name, " announces a shape that no file can hold.");
  return empty ? 0 : std::uint64_t(bytes);
}

std::uint64_t file_bytes(hid_t object, const Place& place) {
  const Handle file = own(H5Iget_file_id(object), H5Fclose, place, "find its file");
  hsize_t size = 0;
  check(H5Fget_filesize(file.id(), &size), place, "tell the file's size");
  return size;
}

void require_fits(std::uint64_t bytes, hid_t object, const Place& place) {
  const std::uint64_t size = file_bytes(object, place);
  require(bytes <= size, place.file, " ", place.name, " announces ", bytes, " bytes of values, but the whole file has ",
          size, ".");
}

void require_fixed_length(hid_t type, const Place& place) {
  require(H5Tget_class(type) != H5T_STRING || H5Tis_variable_str(type) == 0, place.file, " ", place.name,
          " holds texts of variable length; texts of a fixed length are read.");
}

}  // namespace

void require_checksums(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  std::array<char, 64> first{};
  stream.read(first.data(), first.size());
  if (const auto other = foreign_content({first.data(), std::size_t(stream.gcount())}); !other.empty())
    fail(path.string(), " ", other);
  require(H5Fis_hdf5(path.c_str()) > 0, path.string(), " is not an HDF5 file, or cannot be read.");
  stream.clear();
  stream.seekg(0);
  const auto marked = [&](std::uint64_t address) {
    std::array<char, object_mark.size()> mark{};
    stream.clear();
    stream.seekg(std::streamoff(address));
    return stream.read(mark.data(), mark.size()) && std::string_view(mark.data(), mark.size()) == object_mark;
  };
  // The superblock: signature (8 bytes), version, bytes of an offset, bytes of a length, flags, then the addresses of
  // the file's begin, of an extension, of its end and of the root.
  std::array<char, 48> block{};
  stream.read(block.data(), block.size());
  const bool current = std::string_view(block.data(), 8) == "\x89HDF\r\n\x1a\n" && (block[8] == 2 || block[8] == 3) &&
                       block[9] == 8 && number(block, 12) == 0;
  const std::uint64_t extension = number(block, 20), end = number(block, 28), root = number(block, 36);
  if (current && marked(root) && (extension == nowhere || marked(extension))) return;
  const auto size = std::filesystem::file_size(path);
  require(!current || size >= end, path.string(), " was cut short: it has ", size, " of ", end, " bytes.");
  fail(path.string(), " is in an older format of HDF5, in which damage goes unnoticed, or is damaged", remedy);
}

void require_own_object(hid_t file, const char* name, bool unchanged, const Place& place) {
  H5L_info_t link;
  check(H5Lget_info(file, name, &link, H5P_DEFAULT), place, "follow the link");
  require(link.type == H5L_TYPE_HARD, place.file, " ", name,
          " is a link to something elsewhere; only what lies in the file under its own name is read.");
  if (!unchanged) return;
  void* descriptor = nullptr;
  check(H5Fget_vfd_handle(file, H5P_DEFAULT, &descriptor), place, "find the open file");
  std::array<char, object_mark.size()> mark{};
  require(::pread(*static_cast<int*>(descriptor), mark.data(), mark.size(), off_t(link.u.address)) ==
                  ssize_t(mark.size()) &&
              std::string_view(mark.data(), mark.size()) == object_mark,
          place.file, " ", name, " is in an older format of HDF5, in which damage goes unnoticed, or is damaged",
          remedy);
}

void require_plain_dataset(hid_t dataset, bool unchanged, const Place& place) {
  const Handle creation = own(H5Dget_create_plist(dataset), H5Pclose, place, "read its properties");
  const H5D_layout_t layout = H5Pget_layout(creation.id());
  require(layout == H5D_COMPACT || layout == H5D_CHUNKED ||
              (layout == H5D_CONTIGUOUS && H5Pget_external_count(creation.id()) == 0),
          place.file, " ", place.name, " keeps its values in other files; they must lie in this one.");
  require(H5Pget_nfilters(creation.id()) == 0, place.file, " ", place.name,
          " is compressed or filtered; `h5repack --latest -f NONE OLD NEW` writes it as it is read.");
  const Handle type = own(H5Dget_type(dataset), H5Tclose, place, "read the type");
  const Handle space = own(H5Dget_space(dataset), H5Sclose, place, "read the shape");
  require_fixed_length(type.id(), place);
  const std::uint64_t bytes = announced_bytes(space.id(), type.id(), place);
  if (unchanged) require_fits(bytes, dataset, place);
}

void require_plain_attribute(hid_t attribute, const Place& place) {
  const Handle type = own(H5Aget_type(attribute), H5Tclose, place, "read the type");
  const Handle space = own(H5Aget_space(attribute), H5Sclose, place, "read the shape");
  require_fixed_length(type.id(), place);
  require_fits(announced_bytes(space.id(), type.id(), place), attribute, place);
}

}  // namespace fedorbit::h5
