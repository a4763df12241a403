// Every number as four bytes, and nothing else.
#pragma once
#include "algorithms/codec.hpp"

namespace fedorbit {

class Float32Codec final : public Codec {
 public:
  Bytes encode(const Tensor& values, const Layout& layout) const override;
  Tensor decode(const Bytes& bytes, const Layout& layout) const override;
};

}  // namespace fedorbit
