#include "io/mapping.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/error.hpp"

namespace fedorbit {

FileBytes map_file(const std::filesystem::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) fail(file.string(), " cannot be opened: ", std::strerror(errno), ".");
  const std::shared_ptr<void> closer(nullptr, [descriptor](void*) { ::close(descriptor); });
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) fail(file.string(), " cannot be examined: ", std::strerror(errno), ".");
  require(S_ISREG(status.st_mode), file.string(), " is not a regular file.");
  require(status.st_size > 0, file.string(), " is empty.");
  const auto size = std::uint64_t(status.st_size);
  void* address = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, descriptor, 0);
  if (address == MAP_FAILED) fail(file.string(), " cannot be mapped: ", std::strerror(errno), ".");
  return {std::shared_ptr<void>(address, [size](void* mapped) { ::munmap(mapped, size); }),
          static_cast<std::byte*>(address), size, true};
}

FileBytes copy_bytes(std::span<const std::byte> bytes) {
  // Eight bytes of slack keep an empty span from asking for nothing; operator new aligns for every element type.
  std::shared_ptr<void> copy(::operator new(bytes.size() + 8), [](void* memory) { ::operator delete(memory); });
  if (!bytes.empty()) std::memcpy(copy.get(), bytes.data(), bytes.size());
  return {copy, static_cast<std::byte*>(copy.get()), bytes.size(), false};
}

void release_pages(const FileBytes& bytes, const void* begin, std::uint64_t size) {
  const auto page = std::uintptr_t(::sysconf(_SC_PAGESIZE));
  const auto first = reinterpret_cast<std::uintptr_t>(begin), start = reinterpret_cast<std::uintptr_t>(bytes.data);
  if (!bytes.mapped || first < start || first - start > bytes.size || size > bytes.size - (first - start)) return;
  const std::uintptr_t low = (first + page - 1) / page * page, high = (first + size) / page * page;
  if (low < high) ::madvise(reinterpret_cast<void*>(low), high - low, MADV_DONTNEED);
}

}  // namespace fedorbit
