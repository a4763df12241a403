// Files that appear under their final name only when they are whole, and checksums of files.
#pragma once
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace fedorbit {

/// The temporary name of a file being written: path + ".part".
std::filesystem::path part_path(const std::filesystem::path& path);
/// Where a copy of a file is changed before it takes the file's place: PATH.copy.
std::filesystem::path copy_path(const std::filesystem::path& path);

/// Waits until the disk has what was written to the file.
void flush_to_disk(const std::filesystem::path& file);

/// Moves the finished file `whole`, of the same folder, to `path`: flushed to the disk, renamed, the folder flushed.
void replace_file(const std::filesystem::path& whole, const std::filesystem::path& path);

/// Moves a finished part_path(path) to `path`: flushed to the disk, renamed, the folder flushed. For files that a
/// library wrote and closed.
void publish(const std::filesystem::path& path);

/// Hands all bytes to the system, at the open file's place; `path` names it in an error.
void write_all(int descriptor, const std::filesystem::path& path, std::string_view bytes);

/// A file written to part_path(path): renamed by commit(), removed if that never happens. Every failure is an Error
/// that names the file and the system's reason (a full disk, no permission).
class AtomicFile {
 public:
  explicit AtomicFile(const std::filesystem::path& path);
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile();

  void write(std::string_view bytes);
  void write(const void* bytes, std::size_t count) { write({static_cast<const char*>(bytes), count}); }
  void commit();

 private:
  std::filesystem::path path_, part_;
  int descriptor_ = -1;
  bool committed_ = false;
};

/// The whole content of a file in one call, through AtomicFile.
void write_file(const std::filesystem::path& path, std::string_view bytes);
/// The whole content of a file.
std::string read_file(const std::filesystem::path& path);

/// SHA-256 (FIPS 180-4) as 64 lower-case hexadecimal digits.
std::string sha256(std::string_view bytes);
std::string sha256_of_file(const std::filesystem::path& path);

}  // namespace fedorbit
