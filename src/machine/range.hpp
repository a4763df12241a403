// A named stretch of a program's time that a profiler of GPUs draws above its kernels.
#pragma once

namespace fedorbit {

/// From its construction to its end, on this thread; ranges nest (NVTX). Nothing in a build without CUDA.
class Range {
 public:
  explicit Range(const char* name);
  ~Range();
  Range(const Range&) = delete;
  Range& operator=(const Range&) = delete;
};

}  // namespace fedorbit
