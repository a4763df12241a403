// Every number as one of a few equally spaced levels, scaled by tensor: 4 bytes for the scale, a float32, and bits each
// for the numbers, packed.
//   1 bit:            s = mean |p|, q = s sign(p), with sign(0) = 1
//   b from 2 to 8:    s = max |p| / (2^(b-1) - 1), q = s round(p / s)
#pragma once
#include "algorithms/codec.hpp"
#include "core/options.hpp"

namespace fedorbit {

struct UniformOptions {
  std::int64_t bits = 8;
  std::string rounding = "nearest";
  void fields(OptionList& v) {
    v("bits", bits, "bits", "of a number; 1: its sign, times the mean magnitude of its tensor", 1, 8);
    v("rounding", rounding,
      "nearest; stochastic: up or down at random, right in the mean over rounds and clients (of 2 bits and more)",
      {"nearest", "stochastic"});
  }
};

class UniformCodec final : public Codec {
 public:
  explicit UniformCodec(const UniformOptions& options);
  Bytes encode(const Tensor& values, const Message& message) const override;
  Tensor decode(const Bytes& bytes, const Message& message) const override;

 private:
  std::int64_t size(const Message& message) const;
  float scale_of(const float* values, std::int64_t count) const;

  std::int64_t bits_;
  bool at_random_;
  float top_;  // the highest level, whose negative is the lowest; those of one bit are a half
};

}  // namespace fedorbit
