// How a message is written on the wire: federated bytes are the size of what was written. Weights go through it, and
// those of a strategy's extras that have a number for each weight; statistics and other extras travel as they are, four
// bytes a number.
#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "algorithms/message.hpp"
#include "core/error.hpp"

namespace fedorbit {

using Bytes = std::vector<std::byte>;

class Codec {
 public:
  virtual ~Codec() = default;
  /// Whether what is read is what was written, to the bit.
  virtual bool lossless() const { return false; }
  /// Whether all messages of a layout are equally long, whatever their numbers are.
  virtual bool fixed_length() const { return true; }
  /// Why nobody should keep what a message of this layout could not say and add it to the next, after a colon: the
  /// message may lose more than it says, so that what is kept grows from round to round. Empty where it does not.
  virtual std::string why_no_feedback(const Layout&) const { return {}; }
  /// `values` (P) float32, contiguous on the CPU: a number for each of the layout's shared weights, in their order.
  /// The same values of the same message are the same bytes. What is not finite may be written as anything.
  virtual Bytes encode(const Tensor& values, const Message& message) const = 0;
  /// (P) float32. Throws where the bytes are not such a message.
  virtual Tensor decode(const Bytes& bytes, const Message& message) const = 0;
};

/// Throws: the message is damaged, and `what` says why.
template <class... Parts>
[[noreturn]] void refuse(const Message& message, const char* codec, const Parts&... what) {
  fail("the ", codec, " message ", message.description(), " is damaged: ", what..., ".");
}

/// A codec whose messages of one layout have one length.
class SizedCodec : public Codec {
 public:
  Bytes encode(const Tensor& values, const Message& message) const final;
  Tensor decode(const Bytes& bytes, const Message& message) const final;
  /// Bytes of a message of this layout.
  virtual std::int64_t size(const Layout& layout) const = 0;

 protected:
  virtual const char* name() const = 0;

 private:
  /// (P) values as size() bytes, which are zeros before.
  virtual void write(const float* values, const Message& message, std::byte* out) const = 0;
  /// size() bytes as (P) values. Throws where they are not what write() writes.
  virtual void read(const std::byte* in, const Message& message, float* values) const = 0;
};

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
