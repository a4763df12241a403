// An encoder that everybody has and nobody trains, towards whose features clients' own are pulled.
#pragma once
#include <memory>
#include <string>

#include "algorithms/material.hpp"
#include "core/options.hpp"
#include "model/networks/backbone.hpp"

namespace fedorbit {

struct PublicEncoderOptions {
  std::string source = "received", architecture = "auto";
  std::int64_t size = 0;

  void fields(OptionList& v);
  /// Whether an encoder of its own is meant, rather than the one that clients receive.
  bool named() const { return source != "received"; }
};

class PublicEncoder {
 public:
  /// `network`: that of the learner whose options are in `section`; it is copied in kind where the options name no
  /// other architecture. Its weights are computed with in `type` and on `device`.
  struct Beside {
    std::string section, architecture, norm;
    std::int64_t width, depth, image_size;
    c10::ScalarType type;
    at::Device device;
  };
  /// Errors name the option, and the tensor that is missing or does not fit.
  PublicEncoder(const PublicEncoderOptions& options, const Beside& beside, const Material& material);

  std::int64_t width() const { return network_->width(); }
  /// SHA-256 of the file that it was read from; empty for the clip's tower, whose weights have their own.
  const std::string& checksum() const { return checksum_; }
  /// Images (N, 3, S, S), normalised as they are for training -> (N, width), without gradient. They are brought to the
  /// encoder's size by bilinear interpolation with antialiasing; batch norms take their running statistics.
  Tensor operator()(const Tensor& images) const;

 private:
  std::unique_ptr<Backbone> network_;
  NamedTensors tensors_;
  std::string checksum_;
  c10::ScalarType type_;
};

}  // namespace fedorbit
