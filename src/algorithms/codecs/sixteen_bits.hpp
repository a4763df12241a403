// Every number as two bytes, to the nearest; what is larger than these can hold becomes the largest that they do.
#pragma once
#include <c10/core/ScalarType.h>

#include "algorithms/codec.hpp"

namespace fedorbit {

class SixteenBits : public SizedCodec {
 public:
  std::int64_t size(const Layout& layout) const override { return 2 * layout.weights(Owner::shared); }

 protected:
  SixteenBits(at::ScalarType type, double largest) : type_(type), largest_(largest) {}

 private:
  void write(const float* values, const Message& message, std::byte* out) const override;
  void read(const std::byte* in, const Message& message, float* values) const override;

  at::ScalarType type_;
  double largest_;
};

/// IEEE 754's binary16: 11 significant bits, up to 65504.
class Float16Codec final : public SixteenBits {
 public:
  Float16Codec() : SixteenBits(at::kHalf, 65504) {}

 protected:
  const char* name() const override { return "float16"; }
};

/// The upper half of a float32: 8 significant bits, up to as far as a float32 goes.
class Bfloat16Codec final : public SixteenBits {
 public:
  Bfloat16Codec() : SixteenBits(at::kBFloat16, 0x1.fep127) {}

 protected:
  const char* name() const override { return "bfloat16"; }
};

}  // namespace fedorbit
