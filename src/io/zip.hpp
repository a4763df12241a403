// The directory of a zip archive (PKWARE's APPNOTE 6.3), for archives whose entries are read where they lie.
#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>

namespace fedorbit {

struct ZipEntry {
  std::uint64_t offset = 0, size = 0;  // of its bytes in the archive
  bool stored = true;                  // as they are, not compressed
};
using ZipDirectory = std::map<std::string, ZipEntry>;

/// Every entry by name, with 64-bit archives. Nothing is decompressed, so an archive cannot be larger in memory than on
/// the disk. Throws a sentence where the archive is cut short, an entry lies outside it or on another one, two have one
/// name, or one is encrypted. `where` names the archive.
ZipDirectory read_zip_directory(std::span<const std::byte> archive, const std::string& where);

}  // namespace fedorbit
