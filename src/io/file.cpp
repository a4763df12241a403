#include "io/file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include "core/error.hpp"
#include "io/sha256.hpp"

namespace fedorbit {
namespace {

[[noreturn]] void fail_write(const std::filesystem::path& path, int reason) {
  fail(path.string(), " cannot be written: ", std::generic_category().message(reason), ".");
}

/// Asks the system to put a file's or folder's content on the disk.
void flush_to_disk(const std::filesystem::path& path, int flags) {
  const int descriptor = ::open(path.c_str(), flags | O_CLOEXEC);
  if (descriptor < 0) fail_write(path, errno);
  const int result = ::fsync(descriptor), reason = errno;
  ::close(descriptor);
  // Some file systems cannot flush a folder; the rename is then as safe as they make it.
  if (result != 0 && reason != EINVAL) fail_write(path, reason);
}

std::ifstream open_to_read(const std::filesystem::path& path) {
  require(std::filesystem::exists(path), path.string(), " does not exist.");
  require(!std::filesystem::is_directory(path), path.string(), " is a folder, not a file.");
  std::ifstream stream(path, std::ios::binary);
  require(stream.good(), path.string(), " cannot be read: ", std::generic_category().message(errno), ".");
  return stream;
}

}  // namespace

std::filesystem::path copy_path(const std::filesystem::path& path) {
  std::filesystem::path copy = path;
  return copy += ".copy";
}

std::filesystem::path part_path(const std::filesystem::path& path) { return path.string() + ".part"; }

void flush_to_disk(const std::filesystem::path& file) { flush_to_disk(file, O_RDONLY); }

void replace_file(const std::filesystem::path& whole, const std::filesystem::path& path) {
  const std::filesystem::path folder = path.parent_path();
  flush_to_disk(whole);
  if (std::rename(whole.c_str(), path.c_str()) != 0) fail_write(path, errno);
  flush_to_disk(folder.empty() ? "." : folder, O_RDONLY | O_DIRECTORY);
}

void publish(const std::filesystem::path& path) { replace_file(part_path(path), path); }

void write_all(int descriptor, const std::filesystem::path& path, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail_write(path, errno);
    bytes.remove_prefix(std::size_t(written));
  }
}

AtomicFile::AtomicFile(const std::filesystem::path& path) : path_(path), part_(part_path(path)) {
  descriptor_ = ::open(part_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor_ < 0) fail_write(path_, errno);
}

AtomicFile::~AtomicFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!committed_) ::unlink(part_.c_str());
}

void AtomicFile::write(std::string_view bytes) { write_all(descriptor_, path_, bytes); }

void AtomicFile::commit() {
  if (::close(std::exchange(descriptor_, -1)) != 0) fail_write(path_, errno);
  publish(path_);
  committed_ = true;
}

void write_file(const std::filesystem::path& path, std::string_view bytes) {
  AtomicFile file(path);
  file.write(bytes);
  file.commit();
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream stream = open_to_read(path);
  std::string bytes((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  require(!stream.bad(), path.string(), " cannot be read to its end.");
  return bytes;
}

std::string sha256(std::string_view bytes) {
  Sha256 digest;
  digest.add(bytes.data(), bytes.size());
  return digest.digits();
}

std::string sha256_of_file(const std::filesystem::path& path) {
  std::ifstream stream = open_to_read(path);
  Sha256 digest;
  std::vector<char> block(1 << 20);
  while (stream.read(block.data(), std::streamsize(block.size())) || stream.gcount() > 0)
    digest.add(block.data(), std::size_t(stream.gcount()));
  require(!stream.bad(), path.string(), " cannot be read to its end.");
  return digest.digits();
}

}  // namespace fedorbit
