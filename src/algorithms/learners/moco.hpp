// MoCo v2 (He et al. 2020, arXiv 1911.05722; Chen et al. 2020, arXiv 2003.04297): one view of an image is to find the
// other, as a momentum encoder sees it, among a queue of other images.
#pragma once
#include "algorithms/learners/momentum_pairs.hpp"

namespace fedorbit {

struct MocoOptions : MomentumOptions {
  std::int64_t queue = 4096, projection = 128;
  double temperature = 0.2;
  void fields(OptionList& v) {
    MomentumOptions::fields(v);
    v("queue", queue, "keys", "of images of steps before that a client has at hand; random ones to begin with", 1, 1e7);
    v("projection", projection, "channels", "of what the projector gives", 1, 65536);
    v("temperature", temperature, "", "by which cosines are divided", 1e-3, 1e3);
  }
};

class MocoLearner final : public MomentumPairs {
 public:
  MocoLearner(const MocoOptions& options, const Material& material);
  void initialise(Parameters&, Owner, std::span<const ClientId>, const Keys&) override;
  /// The keys of the step take the places of the oldest; of a step in parts, those of its last part.
  void after_step(Parameters&, const Turn&) override;
  std::string refusal(std::int64_t images) const override;

 protected:
  /// q = unit(g(f(x_1))), k = unit(g'(f'(x_2))) without gradient, n_j the keys in the queue:
  /// mean_b -log [ exp(<q, k> / T) / (exp(<q, k> / T) + sum_j exp(<q, n_j> / T)) ]. Batch norms see the whole batch, in
  /// its order.
  Tensor of_pair(const Pair& pair) override;

 private:
  MocoOptions options_;
  MlpHead projector_;
  std::vector<Tensor> keys_;  // of each client's images in this step, (B, d) unit
};

}  // namespace fedorbit
