// QSGD (Alistarh et al. 2017, arXiv 1610.02132): every number as one of `levels` equally spaced parts of its block's
// Euclidean norm, up or down at random, right in the mean.
//   q = |p| / s * (floor(s p_i / |p| + u_i)), u_i uniform in [0, 1)
#pragma once
#include <algorithm>
#include <bit>
#include <cfloat>

#include "algorithms/codecs/scaled_levels.hpp"
#include "algorithms/magnitudes.hpp"
#include "core/options.hpp"

namespace fedorbit {

struct QsgdOptions {
  std::int64_t levels = 7, block = 128;
  void fields(OptionList& v) {
    v("levels", levels, "levels", "above zero, and as many below: 1 takes 2 bits a number, 7 take 4, 127 take 8", 1,
      127);
    v("block", block, "numbers", "of a tensor that share a norm; 0: all", 0, 1e12);
  }
};

class QsgdCodec final : public ScaledLevels {
 public:
  explicit QsgdCodec(const QsgdOptions& options)
      : ScaledLevels({std::int64_t(std::bit_width(std::uint64_t(2 * options.levels))), float(options.levels),
                      options.block, Rounding::at_random}) {}

 protected:
  const char* name() const override { return "qsgd"; }

 private:
  float step_of(const float* values, std::int64_t count) const override {
    return float(std::min(euclidean_norm(values, count) / double(top()), double(FLT_MAX)));
  }
};

}  // namespace fedorbit
