// Room on a disk for what a process cannot keep in memory: a file without a name, gone when the process is, however it
// ends.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>

#include "core/descriptor.hpp"

namespace fedorbit {

/// The folder `asked` for by the option machine.scratch, which must be there; where none is, the one that TMPDIR names
/// if it lies on a disk, as batch systems set it for a job, and else `otherwise`.
std::filesystem::path scratch_folder(const std::string& asked, const std::filesystem::path& otherwise);

/// Every failure (a full disk, no permission) is an Error that says what was to be kept, where, and the system's
/// reason.
class ScratchFile {
 public:
  /// In a folder. `content` begins such sentences: "what clients keep".
  ScratchFile(std::filesystem::path folder, std::string content);

  void write(std::int64_t offset, const void* bytes, std::size_t count);
  /// Waits until the disk has taken what was written: some file systems tell of a full disk no sooner.
  void flush();
  void read(std::int64_t offset, void* bytes, std::size_t count) const;

 private:
  [[noreturn]] void fail_to(const char* what, int reason) const;

  std::filesystem::path folder_;
  std::string content_;
  Descriptor file_;
};

}  // namespace fedorbit
