#include "io/file_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "core/error.hpp"
#include "core/log.hpp"

namespace fedorbit {

std::optional<FileLock> FileLock::take(const std::filesystem::path& path) {
  const std::filesystem::path lock = path.string() + ".lock";
  for (;;) {
    const int descriptor = ::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    require(descriptor >= 0, path.string(), " cannot be written: ", std::generic_category().message(errno), ".");
    const bool held_alone = ::flock(descriptor, LOCK_EX | LOCK_NB) == 0, locked = held_alone || errno != EWOULDBLOCK;
    // Its last owner may have removed the file between our opening and our locking it: then nobody else sees this lock.
    struct stat held {
    }, named{};
    const bool seen = ::fstat(descriptor, &held) == 0 && ::stat(lock.c_str(), &named) == 0 &&
                      held.st_ino == named.st_ino && held.st_dev == named.st_dev;
    if (locked && seen) {
      if (!held_alone)
        log::warning("the file system of ", path.string(),
                     " has no locks: another process that writes the same file at the same time would spoil it.");
      return FileLock(lock, descriptor);
    }
    ::close(descriptor);
    if (!locked) return std::nullopt;
  }
}

FileLock::FileLock(FileLock&& other) noexcept
    : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

FileLock::~FileLock() {
  if (descriptor_ < 0) return;
  ::unlink(path_.c_str());
  ::close(descriptor_);
}

}  // namespace fedorbit
