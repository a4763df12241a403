// Every number as four bytes, and nothing else.
#pragma once
#include "algorithms/codec.hpp"

namespace fedorbit {

class Float32Codec final : public Codec {
 public:
  bool lossless() const override { return true; }
  Bytes encode(const Tensor& values, const Message& message) const override;
  Tensor decode(const Bytes& bytes, const Message& message) const override;
};

}  // namespace fedorbit
