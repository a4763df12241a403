#include "inputs/load_model.hpp"

#include "core/error.hpp"
#include "core/fingerprint.hpp"
#include "model/checkpoints/embedded.hpp"

namespace fedorbit {

Clip load_model(const WeightOptions& options) {
  if (options.weights == "embedded") {
    require(options.activation == "auto" && options.vocabulary.empty(),
            "model.activation and model.vocabulary do not go with the embedded weights.");
    return load_clip(embedded_clip(), "the embedded weights");
  }
  ClipLoading loading;
  loading.vocabulary = options.vocabulary;
  if (options.activation != "auto")
    loading.activation = options.activation == "gelu" ? Activation::gelu : Activation::quick_gelu;
  return load_clip(options.weights, loading);
}

Clip open_weights(const WeightOptions& options, at::Device device, Communicator& communicator) {
  const Clip clip = load_model(options);
  communicator.agree("weights " + options.weights, fingerprint(clip.checksum));
  return clip.to(device);
}

}  // namespace fedorbit
