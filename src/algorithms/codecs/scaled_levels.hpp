// Every number as one of a few equally spaced levels: what codecs that quantise share. Each tensor, or each block of
// one, has a step of its own: 4 bytes, a float32, and then bits each for its numbers, packed.
//   1 bit:            q = step sign(p), with sign(0) = 1
//   2 bits and more:  q = step round(p / step), from -top to top: 2 top + 1 levels
#pragma once
#include "algorithms/codec.hpp"

namespace fedorbit {

class ScaledLevels : public SizedCodec {
 public:
  std::int64_t size(const Layout& layout) const override;
  std::string why_no_feedback(const Layout& layout) const override;

 protected:
  enum class Rounding { sign, nearest, at_random };
  struct Levels {
    std::int64_t bits;
    float top;           // the highest level, whose negative is the lowest; those of signs are a half
    std::int64_t block;  // numbers that share a step; 0: a tensor's
    Rounding rounding;
  };
  explicit ScaledLevels(const Levels& levels) : levels_(levels) {}
  float top() const { return levels_.top; }
  std::int64_t bits() const { return levels_.bits; }

 private:
  void write(const float* values, const Message& message, std::byte* out) const override;
  void read(const std::byte* in, const Message& message, float* values) const override;
  /// The step of these numbers; one that is too small to be divided by counts as 0.
  virtual float step_of(const float* values, std::int64_t count) const = 0;

  Levels levels_;
};

}  // namespace fedorbit
