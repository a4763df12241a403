// Zstandard (RFC 8878) as the last stage of a codec: what another codec writes, compressed without loss.
#pragma once
#include <memory>
#include <string>

#include "algorithms/codec.hpp"

namespace fedorbit {

/// A message is one frame, which states the length of its content. The same library version writes the same bytes.
class ZstdCodec final : public Codec {
 public:
  /// `level` from 1, fast, to 19, small.
  ZstdCodec(std::unique_ptr<SizedCodec> inner, int level) : inner_(std::move(inner)), level_(level) {}
  bool lossless() const override { return inner_->lossless(); }
  bool fixed_length() const override { return false; }
  std::string why_no_feedback(const Layout& layout) const override { return inner_->why_no_feedback(layout); }
  Bytes encode(const Tensor& values, const Message& message) const override;
  Tensor decode(const Bytes& bytes, const Message& message) const override;

 private:
  std::unique_ptr<SizedCodec> inner_;
  int level_;
};

/// Of the library that this program runs with.
std::string zstd_version();

}  // namespace fedorbit
