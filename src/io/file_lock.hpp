// A lock on a file that is being written, so that two processes do not write the same one.
#pragma once
#include <filesystem>
#include <optional>

namespace fedorbit {

/// Held as long as it lives; the system lets go of it when the process ends, however it ends. It is kept on path +
/// ".lock", which is gone afterwards. Some network file systems have no locks: there everybody gets one.
class FileLock {
 public:
  /// Nothing where another process holds it; an Error where the folder cannot be written.
  static std::optional<FileLock> take(const std::filesystem::path& path);
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&&) = delete;
  ~FileLock();

 private:
  FileLock(std::filesystem::path path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}
  std::filesystem::path path_;
  int descriptor_;
};

}  // namespace fedorbit
