// How the weights of one message are written on the wire: federated bytes are the size of what was written, and four
// bytes for each statistic and each number of a strategy's extras, which travel as they are.
#pragma once
#include <cstddef>
#include <vector>

#include "algorithms/layout.hpp"

namespace fedorbit {

using Bytes = std::vector<std::byte>;

class Codec {
 public:
  virtual ~Codec() = default;
  /// `values` (P) float32, contiguous on the CPU: the layout's shared weights in their order.
  virtual Bytes encode(const Tensor& values, const Layout& layout) const = 0;
  /// (P) float32. Throws where the bytes are not a message of that layout.
  virtual Tensor decode(const Bytes& bytes, const Layout& layout) const = 0;
};

}  // namespace fedorbit
