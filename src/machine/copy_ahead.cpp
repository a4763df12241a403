#include "machine/copy_ahead.hpp"

#include <c10/core/impl/VirtualGuardImpl.h>

namespace fedorbit {

CopyAhead::CopyAhead(const Tensor& values, at::Device device, const std::optional<c10::Stream>& stream)
    : values_(values) {
  if (!stream) return;
  const c10::impl::VirtualGuardImpl gpu(device.type());
  const c10::Stream computing = gpu.exchangeStream(*stream);
  values_ = values.to(device, /*non_blocking=*/true);
  copied_.emplace(device.type());
  copied_->record(*stream);
  gpu.exchangeStream(computing);
}

Tensor CopyAhead::take() {
  if (!copied_) return values_;
  const c10::impl::VirtualGuardImpl gpu(values_.device().type());
  const c10::Stream computing = gpu.getStream(values_.device());
  copied_->block(computing);
  values_.record_stream(computing);  // its memory was asked for on the other stream
  return values_;
}

std::optional<c10::Stream> copying_stream(at::Device device) {
  if (device.is_cpu()) return std::nullopt;
  return c10::impl::VirtualGuardImpl(device.type()).getStreamFromGlobalPool(device);
}

}  // namespace fedorbit
