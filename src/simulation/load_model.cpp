#include "simulation/load_model.hpp"

#include "model/embedded.hpp"

namespace fedorbit {

Clip load_model(const WeightOptions& options) {
  if (options.weights == "embedded") return load_clip(embedded_clip(), "the embedded weights");
  ClipLoading loading;
  loading.vocabulary = options.vocabulary;
  if (options.activation != "auto")
    loading.activation = options.activation == "gelu" ? Activation::gelu : Activation::quick_gelu;
  return load_clip(options.weights, loading);
}

}  // namespace fedorbit
