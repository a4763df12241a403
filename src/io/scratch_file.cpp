#include "io/scratch_file.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "core/error.hpp"

namespace fedorbit {
namespace {

bool lies_in_memory(const std::filesystem::path& folder) {
  struct statfs status {};
  return ::statfs(folder.c_str(), &status) == 0 && (status.f_type == TMPFS_MAGIC || status.f_type == RAMFS_MAGIC);
}

/// The number of an open file that has no name, or -1.
int open_nameless(const std::filesystem::path& folder) {
  const int number = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  // Network file systems know only files with names: it has one for a moment.
  if (number >= 0 || (errno != EOPNOTSUPP && errno != EISDIR)) return number;
  std::string name = folder / "fedorbit-scratch-XXXXXX";
  const int named = ::mkostemp(name.data(), O_CLOEXEC);
  if (named >= 0) ::unlink(name.c_str());
  return named;
}

}  // namespace

std::filesystem::path scratch_folder(const std::string& asked, const std::filesystem::path& otherwise) {
  if (!asked.empty()) {
    require(std::filesystem::is_directory(asked), "machine.scratch = ", asked,
            ", for what does not fit into memory, is no folder.");
    return asked;
  }
  const char* of_job = std::getenv("TMPDIR");
  std::error_code none;
  const bool on_disk = of_job && std::filesystem::is_directory(of_job, none) && !lies_in_memory(of_job);
  return on_disk ? std::filesystem::path(of_job) : otherwise;
}

ScratchFile::ScratchFile(std::filesystem::path folder, std::string content)
    : folder_(std::move(folder)), content_(std::move(content)), file_(open_nameless(folder_)) {
  if (!file_) fail_to("cannot be kept", errno);
}

void ScratchFile::write(std::int64_t offset, const void* bytes, std::size_t count) {
  const char* next = static_cast<const char*>(bytes);
  while (count > 0) {
    const ssize_t written = ::pwrite(file_.number(), next, count, offset);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail_to("cannot be kept", errno);
    next += written, offset += written, count -= std::size_t(written);
  }
}

void ScratchFile::flush() {
  if (::fdatasync(file_.number()) != 0) fail_to("cannot be kept", errno);
}

void ScratchFile::read(std::int64_t offset, void* bytes, std::size_t count) const {
  char* next = static_cast<char*>(bytes);
  while (count > 0) {
    const ssize_t got = ::pread(file_.number(), next, count, offset);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) fail_to("cannot be read back", got < 0 ? errno : EIO);
    next += got, offset += got, count -= std::size_t(got);
  }
}

void ScratchFile::fail_to(const char* what, int reason) const {
  fail(content_, " ", what, " in a file in ", folder_.string(), ": ", std::generic_category().message(reason), ".");
}

}  // namespace fedorbit
