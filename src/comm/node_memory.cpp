#include "comm/node_memory.hpp"

#include <ATen/ops/from_blob.h>
#include <ATen/ops/tensor.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <string>

#include "core/descriptor.hpp"
#include "core/error.hpp"
#include "core/fingerprint.hpp"

namespace fedorbit {
namespace {

/// The same for processes that see each other below /proc.
std::int64_t neighbourhood() {
  std::string boot;
  std::ifstream("/proc/sys/kernel/random/boot_id") >> boot;
  std::error_code ignored;
  return std::int64_t(fingerprint(boot + std::filesystem::read_symlink("/proc/self/ns/pid", ignored).string()));
}

/// Maps the file for reading; an undefined tensor where that fails.
Tensor mapped(int descriptor, std::int64_t size) {
  struct stat status {};
  if (descriptor < 0 || ::fstat(descriptor, &status) != 0 || status.st_size != size) return {};
  void* address = ::mmap(nullptr, std::size_t(size), PROT_READ, MAP_SHARED, descriptor, 0);
  if (address == MAP_FAILED) return {};
  return at::from_blob(
      address, {size}, [size](void* place) { ::munmap(place, std::size_t(size)); }, at::kByte);
}

/// A nameless file in memory with these contents, or none.
int file_of(const Tensor& bytes) {
  const int descriptor = ::memfd_create("fedorbit", MFD_CLOEXEC);
  const auto* next = bytes.const_data_ptr<std::uint8_t>();
  for (std::int64_t left = bytes.numel(); descriptor >= 0 && left > 0;) {
    const ssize_t written = ::write(descriptor, next, std::size_t(left));
    if (written <= 0) return ::close(descriptor), -1;
    next += written;
    left -= written;
  }
  return descriptor;
}

}  // namespace

Tensor one_copy_on_node(const Tensor& bytes, Communicator& communicator) {
  require(bytes.is_cpu() && bytes.scalar_type() == at::kByte && bytes.is_contiguous(),
          "what a node has in common is bytes on the CPU, one after another.");
  if (communicator.size() == 1) return bytes;
  const bool first = communicator.local_rank() == 0 && communicator.local_size() > 1;
  const Descriptor own(first ? file_of(bytes) : -1);
  const std::array<std::int64_t, 4> mine{neighbourhood(), first, ::getpid(), own.number()};
  const Tensor all = communicator.all_gather(at::tensor(at::ArrayRef<std::int64_t>(mine)));
  Tensor out = mapped(own.number(), bytes.numel());
  for (std::int64_t r = 0; r < all.size(0) && !first; ++r) {
    const auto* theirs = all.const_data_ptr<std::int64_t>() + r * std::int64_t(mine.size());
    if (theirs[0] != mine[0] || theirs[1] == 0 || theirs[3] < 0) continue;
    const Descriptor file(::open(text("/proc/", theirs[2], "/fd/", theirs[3]).c_str(), O_RDONLY | O_CLOEXEC));
    out = mapped(file.number(), bytes.numel());
  }
  communicator.barrier();  // the first rank's file is there until all have opened it
  return out.defined() ? out : bytes;
}

}  // namespace fedorbit
