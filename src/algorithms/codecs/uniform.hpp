// Every number as one of a few equally spaced levels, by the largest of its tensor, or of its block of one.
//   1 bit:            s = mean |p|, q = s sign(p), with sign(0) = 1
//   b from 2 to 8:    s = max |p| / (2^(b-1) - 1), q = s round(p / s)
#pragma once
#include "algorithms/codecs/scaled_levels.hpp"
#include "algorithms/magnitudes.hpp"
#include "core/error.hpp"
#include "core/options.hpp"

namespace fedorbit {

struct UniformOptions {
  std::int64_t bits = 8, block = 0;
  std::string rounding = "nearest";
  void fields(OptionList& v) {
    v("bits", bits, "bits", "of a number; 1: its sign, times the mean magnitude of those that share its scale", 1, 8);
    v("block", block, "numbers", "of a tensor that share a scale; 0: all", 0, 1e12);
    v("rounding", rounding,
      "nearest; stochastic: up or down at random, right in the mean over rounds and clients (of 2 bits and more)",
      {"nearest", "stochastic"});
  }
};

class UniformCodec final : public ScaledLevels {
 public:
  explicit UniformCodec(const UniformOptions& options)
      : ScaledLevels({options.bits, options.bits == 1 ? 0.5f : float((1 << (options.bits - 1)) - 1), options.block,
                      options.bits == 1                  ? Rounding::sign
                      : options.rounding == "stochastic" ? Rounding::at_random
                                                         : Rounding::nearest}) {
    require(options.bits > 1 || options.rounding == "nearest",
            "uniform.rounding = \"stochastic\" is for 2 bits and more: with uniform.bits = 1 a number is its sign.");
  }

 protected:
  const char* name() const override { return "uniform"; }

 private:
  float step_of(const float* values, std::int64_t count) const override {
    return bits() == 1 ? mean_magnitude(values, count) : largest_magnitude(values, count) / top();
  }
};

}  // namespace fedorbit
