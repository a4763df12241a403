// Zip archives for tests, with uncompressed entries; what an archive claims can differ from what it holds.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace fedorbit {

struct ZipBuilder {
  struct Entry {
    std::string name, bytes;
    std::uint32_t claimed_size, local_offset;
    std::uint16_t method = 0, flags = 0;
  };
  std::vector<Entry> entries;
  std::string archive;

  static std::string number(std::uint64_t value, int width) {
    std::string out;
    for (int i = 0; i < width; ++i) out += char(value >> 8 * i);
    return out;
  }

  /// Tensors lie at multiples of 64 bytes, as PyTorch puts them.
  ZipBuilder& add(const std::string& name, const std::string& bytes) {
    const std::size_t begin = archive.size() + 30 + name.size(), padding = (64 - (begin + 4) % 64) % 64;
    entries.push_back({name, bytes, std::uint32_t(bytes.size()), std::uint32_t(archive.size())});
    archive += "PK\x03\x04" + std::string(14, '\0') + number(bytes.size(), 4) + number(bytes.size(), 4) +
               number(name.size(), 2) + number(padding + 4, 2) + name + "FB" + number(padding, 2) +
               std::string(padding, 'Z') + bytes;
    return *this;
  }

  std::string finish() const {
    std::string directory;
    for (const Entry& entry : entries)
      directory += "PK\x01\x02" + number(0, 4) + number(entry.flags, 2) + number(entry.method, 2) +
                   std::string(8, '\0') + number(entry.claimed_size, 4) + number(entry.claimed_size, 4) +
                   number(entry.name.size(), 2) + std::string(12, '\0') + number(entry.local_offset, 4) + entry.name;
    return archive + directory + "PK\x05\x06" + std::string(4, '\0') + number(entries.size(), 2) +
           number(entries.size(), 2) + number(directory.size(), 4) + number(archive.size(), 4) + number(0, 2);
  }
};

}  // namespace fedorbit
