// FedU (Zhuang et al. 2021, arXiv 2108.06492): clients that moved little take the global predictor, those that moved
// far keep their own.
#pragma once
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

#include "algorithms/row_norm.hpp"
#include "algorithms/strategies/fedavg.hpp"
#include "algorithms/strategies/predictor.hpp"
#include "core/error.hpp"

namespace fedorbit {

struct FedUOptions : FedAvgOptions {
  double mu = 0.4;
  void fields(OptionList& v) {
    v("mu", mu, "",
      "a client whose encoder's tensors moved so far in its last turn, in the mean of their lengths, keeps its "
      "predictor",
      0, 1e6);
    FedAvgOptions::fields(v);
  }
};

/// All that is shared is averaged. How far an encoder moved is the mean of |w_trained - w_received| over its
/// convolutions, as in the authors' code; where it has none, over its matrices.
class FedU final : public FedAvg {
 public:
  explicit FedU(const FedUOptions& options) : FedAvg(options), mu_(options.mu) {}
  void check(const OptimiserOptions&, const Layout& layout) const override {
    require(
        !shared_weights(layout, of_predictor).empty(),
        "method.strategy = \"fedu\" says whose predictor a client goes on with, and no shared tensor is called "
        "predictor.*: take method.learner = \"simsiam\" or \"byol\", and leave the predictor out of method.personal.");
  }
  /// The predictor that the client trained last, and whether it goes on with that.
  Lengths memories(const Layout& layout) const override {
    std::int64_t length = 0;
    for (const Entry& entry : shared_weights(layout, of_predictor)) length += entry.numel;
    return {{"keeps", 1}, {"predictor", length}};
  }
  bool blends() const override { return true; }
  bool receive(Parameters& parameters, const Turn& turn) const override {
    const Tensor keeps = turn.memory("keeps") > 0;  // (K, 1)
    if (!keeps.any().item<bool>()) return false;
    for_each_part(turn, [&](const Entry& entry, const Tensor& own) {
      const Tensor place = parameters.weights(Owner::shared).narrow(1, entry.offset, entry.numel);
      place.copy_(at::where(keeps, own, place));
    });
    return true;
  }
  Upload upload(const Tensor& update, Turn& turn) override {
    for_each_part(turn, [&](const Entry& entry, const Tensor& own) {
      own.copy_(turn.trained.narrow(1, entry.offset, entry.numel));
    });
    turn.memory("keeps").copy_((moved(update, turn.layout) >= mu_).unsqueeze(1));
    return {update};
  }

 private:
  /// use(entry, what the clients' memories have of it (K, numel)) for each tensor of the predictor.
  template <class Use>
  static void for_each_part(const Turn& turn, const Use& use) {
    std::int64_t at = 0;
    for (const Entry& entry : shared_weights(turn.layout, of_predictor)) {
      use(entry, turn.memory("predictor").narrow(1, at, entry.numel));
      at += entry.numel;
    }
  }
  /// (K) float64, of updates (K, P).
  static Tensor moved(const Tensor& update, const Layout& layout) {
    std::vector<Entry> entries = shared_weights(layout, [](const Entry& entry) { return entry.convolved; });
    if (entries.empty())
      entries =
          shared_weights(layout, [](const Entry& entry) { return !of_predictor(entry) && entry.shape.size() > 1; });
    Tensor sum = at::zeros({update.size(0)}, update.options().dtype(at::kDouble));
    for (const Entry& entry : entries) sum += row_norms(update.narrow(1, entry.offset, entry.numel));
    return sum / double(std::max<std::size_t>(1, entries.size()));
  }

  double mu_;
};

}  // namespace fedorbit
