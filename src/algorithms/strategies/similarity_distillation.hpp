// Similarity distillation at the server: the aggregated encoder is trained to find public images as alike as its
// clients' encoders do in the mean. FedSense (arXiv 2503.11051) distils so from public data; the equations here are
// ours.
#pragma once
#include "algorithms/strategy.hpp"
#include "core/options.hpp"

namespace fedorbit {

struct DistillationOptions {
  std::int64_t steps = 50, batch_size = 64, batches = 4;
  double temperature = 0.1, learning_rate = 1e-3, momentum = 0.9;
  std::string optimiser = "sgd";
  void fields(OptionList& v) {
    v("steps", steps, "steps", "that the server takes in a round on public images; 0: no distillation", 0, 1e6);
    v("batch_size", batch_size, "images", "of a batch of public images, which are compared with each other", 3, 65536);
    v("batches", batches, "batches", "of public images: the same in all rounds, one a step in turn", 1, 1e6);
    v("temperature", temperature, "", "by which cosines of features are divided before the softmax", 1e-3, 1e3);
    v("optimiser", optimiser, "of the server's steps, made anew each round", {"sgd", "adam"});
    v("learning_rate", learning_rate, "", "of the server's steps", 0, 1e6);
    v("momentum", momentum, "", "of sgd", 0, 1);
  }
};

class SimilarityDistillation {
 public:
  explicit SimilarityDistillation(const DistillationOptions& options) : options_(options) {}
  /// None where it takes no step.
  PublicBatches batches() const;
  /// How alike the images of each batch look to the encoder of this model (P + S): (count), one batch after another.
  Tensor seen_by(const Tensor& shared, Learner& learner, std::span<const Batch> images) const;
  std::int64_t count() const { return options_.batches * options_.batch_size * (options_.batch_size - 1); }
  /// The server's weights (P) after its steps: in turn of each batch, down the divergence of what its encoder sees from
  /// `wanted` (count). Statistics are read and stay; what does not stand before the features stays, too.
  Tensor distilled(const Server& server, const Tensor& wanted, Learner& learner, std::span<const Batch> images) const;

 private:
  DistillationOptions options_;
};

}  // namespace fedorbit
