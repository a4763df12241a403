// What this process has from the allocator: malloc and its kin, counted on their way. To be included by one source of a
// program.
#pragma once
#include <malloc.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>

namespace fedorbit::bench::heap {

inline std::atomic<std::int64_t> in_use = 0, most = 0;  // bytes

inline void* taken(void* place) {
  const std::int64_t now = in_use += std::int64_t(malloc_usable_size(place));
  for (std::int64_t seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
  }
  return place;
}

inline void returned(void* place) { in_use -= std::int64_t(malloc_usable_size(place)); }

}  // namespace fedorbit::bench::heap

extern "C" {

void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
void __libc_free(void*);

void* malloc(std::size_t size) { return fedorbit::bench::heap::taken(__libc_malloc(size)); }
void* calloc(std::size_t count, std::size_t size) { return fedorbit::bench::heap::taken(__libc_calloc(count, size)); }
void* memalign(std::size_t alignment, std::size_t size) {
  return fedorbit::bench::heap::taken(__libc_memalign(alignment, size));
}
void* aligned_alloc(std::size_t alignment, std::size_t size) { return memalign(alignment, size); }
int posix_memalign(void** place, std::size_t alignment, std::size_t size) {
  *place = memalign(alignment, size);
  return *place ? 0 : ENOMEM;
}
void* realloc(void* place, std::size_t size) {
  fedorbit::bench::heap::returned(place);
  return fedorbit::bench::heap::taken(__libc_realloc(place, size));
}
void free(void* place) {
  fedorbit::bench::heap::returned(place);
  __libc_free(place);
}

}  // extern "C"
