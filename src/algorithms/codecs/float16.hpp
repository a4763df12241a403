// Every number as two bytes: IEEE 754's binary16, to the nearest. What is larger than it can hold, 65504, becomes that.
#pragma once
#include "algorithms/codec.hpp"

namespace fedorbit {

class Float16Codec final : public Codec {
 public:
  Bytes encode(const Tensor& values, const Message& message) const override;
  Tensor decode(const Bytes& bytes, const Message& message) const override;
};

}  // namespace fedorbit
