// Every number as four bytes, and nothing else.
#pragma once
#include <cstring>

#include "algorithms/codec.hpp"

namespace fedorbit {

class Float32Codec final : public SizedCodec {
 public:
  bool lossless() const override { return true; }
  std::int64_t size(const Layout& layout) const override { return raw_bytes(layout.weights(Owner::shared)); }

 protected:
  const char* name() const override { return "float32"; }

 private:
  void write(const float* values, const Message& message, std::byte* out) const override {
    if (const std::int64_t bytes = size(message.layout)) std::memcpy(out, values, std::size_t(bytes));
  }
  void read(const std::byte* in, const Message& message, float* values) const override {
    if (const std::int64_t bytes = size(message.layout)) std::memcpy(values, in, std::size_t(bytes));
  }
};

}  // namespace fedorbit
