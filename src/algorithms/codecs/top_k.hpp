// The numbers of largest magnitude of a whole message, as they are; the others are read as 0. Of equal magnitudes the
// first ones count. Which numbers they are travels as their places or as one bit for each number, whatever is shorter.
#pragma once
#include "algorithms/codec.hpp"
#include "core/options.hpp"

namespace fedorbit {

struct TopKOptions {
  double fraction = 0.01;
  void fields(OptionList& v) {
    v("fraction", fraction, "", "of a message's numbers that travel, to the nearest whole number, at least one", 0, 1);
  }
};

class TopKCodec final : public SizedCodec {
 public:
  explicit TopKCodec(const TopKOptions& options) : fraction_(options.fraction) {}
  std::int64_t size(const Layout& layout) const override;

 protected:
  const char* name() const override { return "top_k"; }

 private:
  void write(const float* values, const Message& message, std::byte* out) const override;
  void read(const std::byte* in, const Message& message, float* values) const override;

  double fraction_;
};

}  // namespace fedorbit
