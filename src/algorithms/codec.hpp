// How a message is written on the wire: federated bytes are the size of what was written. Weights go through it, and
// those of a strategy's extras that have a number for each weight; statistics and other extras travel as they are, four
// bytes a number.
#pragma once
#include <cstddef>
#include <vector>

#include "algorithms/message.hpp"

namespace fedorbit {

using Bytes = std::vector<std::byte>;

class Codec {
 public:
  virtual ~Codec() = default;
  /// Whether what is read is what was written, to the bit.
  virtual bool lossless() const { return false; }
  /// Whether all messages of a layout are equally long, whatever their numbers are.
  virtual bool fixed_length() const { return true; }
  /// `values` (P) float32, contiguous on the CPU: a number for each of the layout's shared weights, in their order.
  /// The same values of the same message are the same bytes. What is not finite may be written as anything.
  virtual Bytes encode(const Tensor& values, const Message& message) const = 0;
  /// (P) float32. Throws where the bytes are not such a message.
  virtual Tensor decode(const Bytes& bytes, const Message& message) const = 0;
};

/// Throws where `values` are not what a codec takes for this message.
void require_numbers_of(const Tensor& values, const Message& message);
/// Throws where a message of the codec `name` has not so many bytes as its layout takes.
void require_size(const Bytes& bytes, std::int64_t expected, const char* name);

/// What the other side reads of a message, and what it weighed.
struct Transmitted {
  Tensor values;  // (P)
  std::int64_t bytes;
};

/// Writes `values` (P) and reads them; what loses nothing is not read again, but shared with the result. With a
/// `residual` (P), error feedback (Seide et al. 2014; Karimireddy et al. 2019, arXiv 1901.09847): what earlier messages
/// could not say is added to this one, and what this one could not say is left there.
Transmitted transmit(const Codec& codec, const Tensor& values, const Message& message, Tensor residual = {});

}  // namespace fedorbit
