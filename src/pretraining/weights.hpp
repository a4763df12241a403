// The weights of a CLIP in training: flat float32 storage, named views of it that are the autograd leaves, and AdamW.
#pragma once
#include "io/safetensors.hpp"

namespace fedorbit {

class TrainedWeights {
 public:
  /// Starts from `start`: float32 on the CPU.
  explicit TrainedWeights(const NamedTensors& start);

  /// The leaves, by name; their gradients are views of gradient().
  const NamedTensors& leaves() const { return leaves_; }
  const Tensor& flat() const { return flat_; }  // (P)
  Tensor& gradient() { return gradient_; }      // (P)
  NamedTensors copies() const;
  /// All that the next step depends on, as views: numbers and the optimiser's moments (P), and its steps ().
  NamedTensors state() const { return {{"flat", flat_}, {"mean", mean_}, {"square", square_}, {"steps", steps_}}; }

  /// One step of AdamW (Loshchilov and Hutter 2019; betas 0.9 and 0.98) against gradient(), first shortened to
  /// `largest_gradient`. Biases, norms, class token, positions and the logit scale are not decayed; the logit scale is
  /// kept at or below log 100, as CLIP's is. Throws if the gradient is not finite.
  void step(double learning_rate, double weight_decay, double largest_gradient);

 private:
  NamedTensors leaves_;
  Tensor flat_, gradient_, mean_, square_, steps_;
  std::int64_t decayed_ = 0;  // so many numbers at the start of the flat vector are decayed
};

}  // namespace fedorbit
