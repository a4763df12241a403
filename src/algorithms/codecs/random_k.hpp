// Some numbers of a message, drawn by keys that both ends have, as they are; the others are read as 0. Which they are
// need not travel.
#pragma once
#include "algorithms/codec.hpp"
#include "core/options.hpp"

namespace fedorbit {

struct RandomKOptions {
  double fraction = 0.01;
  bool unbiased = false;
  void fields(OptionList& v) {
    v("fraction", fraction, "", "of a message's numbers that travel, to the nearest whole number, at least one", 0, 1);
    v("unbiased", unbiased,
      "whether they are read divided by that fraction, which is right in the mean over rounds and clients; without "
      "error feedback, which says the others later");
  }
};

class RandomKCodec final : public SizedCodec {
 public:
  explicit RandomKCodec(const RandomKOptions& options) : fraction_(options.fraction), unbiased_(options.unbiased) {}
  std::int64_t size(const Layout& layout) const override;
  std::string why_no_feedback(const Layout& layout) const override;

 protected:
  const char* name() const override { return "random_k"; }

 private:
  void write(const float* values, const Message& message, std::byte* out) const override;
  void read(const std::byte* in, const Message& message, float* values) const override;

  double fraction_;
  bool unbiased_;
};

}  // namespace fedorbit
