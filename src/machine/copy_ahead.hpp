// Numbers that go to a GPU while it computes something else.
#pragma once
#include <c10/core/Event.h>
#include <c10/core/Stream.h>

#include <optional>

#include "core/tensor.hpp"

namespace fedorbit {

class CopyAhead {
 public:
  /// Begins to copy `values`, pinned memory of the host, on `stream`, which is not the one that computes. On a CPU
  /// there is nothing to do, and no stream.
  CopyAhead(const Tensor& values, at::Device device, const std::optional<c10::Stream>& stream);
  /// What was copied, for the current stream, which waits for it; the host does not.
  Tensor take();

 private:
  Tensor values_;
  std::optional<c10::Event> copied_;
};

/// A stream of the device for copies; nothing for a CPU.
std::optional<c10::Stream> copying_stream(at::Device device);

}  // namespace fedorbit
