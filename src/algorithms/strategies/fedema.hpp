// FedEMA (Zhuang et al. 2022, arXiv 2204.04385): a client begins between the model that it trained last and the global
// one, the nearer to its own the farther both are apart.
#pragma once
#include <ATen/ops/logical_or.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include "algorithms/row_norm.hpp"
#include "algorithms/strategies/fedavg.hpp"
#include "algorithms/strategies/predictor.hpp"

namespace fedorbit {

struct FedEmaOptions : FedAvgOptions {
  double lambda = 0, tau = 0.7;
  void fields(OptionList& v) {
    v("lambda", lambda, "",
      "of its own model a client takes lambda times the distance of both encoders, at most all; 0: what makes that tau "
      "when the client first comes again",
      0, 1e6);
    v("tau", tau, "", "where lambda is 0: the share of its own model that a client then takes", 0, 1);
    FedAvgOptions::fields(v);
  }
};

/// w = mu w_own + (1 - mu) w_global for all that is shared, mu = min(lambda |w_global - w_own|, 1), the Euclidean norm
/// over all but the predictor.
class FedEma final : public FedAvg {
 public:
  explicit FedEma(const FedEmaOptions& options) : FedAvg(options), options_(options) {}
  /// What the client trained last, whether it ever did, and the lambda that was found for it: 0 before.
  Lengths memories(const Layout& layout) const override {
    return {{"knows", 1}, {"lambda", 1}, {"own", layout.weights(Owner::shared)}};
  }
  bool blends() const override { return true; }
  bool receive(Parameters& parameters, const Turn& turn) const override {
    const Tensor place = parameters.weights(Owner::shared), apart = distance(place, turn);
    const Tensor mu = (lambda(apart, turn) * apart).clamp_max(1).to(at::kFloat).unsqueeze(1);  // (K, 1)
    if (!(mu > 0).any().item<bool>()) return false;
    place.copy_(mu * turn.memory("own") + (1 - mu) * place);
    return true;
  }
  Upload upload(const Tensor& update, Turn& turn) override {
    turn.memory("lambda").copy_(lambda(distance(turn.start, turn), turn).unsqueeze(1));
    turn.memory("own").copy_(turn.trained);
    turn.memory("knows").fill_(1);
    return {update};
  }

 private:
  /// (K) float64: how far the encoders of `received` (K, P) are from what clients keep; 0 for those that keep nothing.
  static Tensor distance(const Tensor& received, const Turn& turn) {
    const Tensor own = turn.memory("own");
    Tensor squares = at::zeros({received.size(0)}, received.options().dtype(at::kDouble));
    for (const Entry& entry : shared_weights(turn.layout, [](const Entry& entry) { return !of_predictor(entry); })) {
      const auto part = [&](const Tensor& rows) { return rows.narrow(1, entry.offset, entry.numel); };
      squares += row_norms(part(received) - part(own)).square();
    }
    return squares.sqrt() * turn.memory("knows").squeeze(1);
  }
  /// (K) float64, at such distances.
  Tensor lambda(const Tensor& apart, const Turn& turn) const {
    if (options_.lambda > 0) return at::zeros_like(apart) + options_.lambda;
    const Tensor found = turn.memory("lambda").squeeze(1).to(at::kDouble);
    return at::where(at::logical_or(found > 0, apart == 0), found, options_.tau / apart);
  }

  FedEmaOptions options_;
};

}  // namespace fedorbit
