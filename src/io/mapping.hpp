// A file's bytes where the system keeps them: mapped, not copied.
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>

namespace fedorbit {

/// Bytes that stay where they are as long as somebody holds `owner`.
struct FileBytes {
  std::shared_ptr<void> owner;
  std::byte* data = nullptr;
  std::uint64_t size = 0;
  bool mapped = false;

  std::span<const std::byte> span() const { return {data, size}; }
};

/// A private mapping of a regular file that is not empty: processes of one node share its pages, and writing to them
/// changes neither the file nor another's view.
FileBytes map_file(const std::filesystem::path& file);

/// A copy, aligned for every element type.
FileBytes copy_bytes(std::span<const std::byte> bytes);

/// Gives the whole pages among [begin, begin + size) back to the system; who reads them again has them read from the
/// file. Does nothing unless they belong to a mapping `bytes`. What was written to those pages is lost.
void release_pages(const FileBytes& bytes, const void* begin, std::uint64_t size);

}  // namespace fedorbit
