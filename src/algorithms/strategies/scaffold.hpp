// SCAFFOLD (Karimireddy et al. 2020, arXiv 1910.06378, option II): control variates correct what a client's own data
// pulls its steps towards.
#pragma once
#include <ATen/ops/add.h>

#include "algorithms/strategy.hpp"
#include "core/error.hpp"
#include "core/options.hpp"

namespace fedorbit {

struct ScaffoldOptions {
  double learning_rate = 1;
  void fields(OptionList& v) { v("learning_rate", learning_rate, "", "of the server", 0, 1e6); }
};

class Scaffold final : public Strategy {
 public:
  explicit Scaffold(const ScaffoldOptions& options) : rate_(options.learning_rate) {}
  Lengths memories(const Layout& layout) const override { return {{"c", layout.weights(Owner::shared)}}; }
  Extras extras(const Layout& layout) const override { return {{"c", {layout.weights(Owner::shared)}}}; }
  Lengths server_memories(const Layout& layout) const override { return {{"c", layout.weights(Owner::shared)}}; }
  void check(const OptimiserOptions& options, const Layout&) const override {
    require(
        options.kind == "sgd" && options.momentum == 0 && options.learning_rate > 0,
        "method.strategy = \"scaffold\" reads gradients from how far clients went: its control variates are defined "
        "for optimiser.kind = \"sgd\" with optimiser.momentum = 0 and a positive optimiser.learning_rate.");
    require(
        options.constant_in_turn() && options.clip_norm == 0,
        "method.strategy = \"scaffold\" reads gradients from how far clients went, all steps at one rate: it goes with "
        "optimiser.schedule_over = \"rounds\" and optimiser.clip_norm = 0.");
  }
  Download download(const Server& server, ClientId) override { return {server.global, {{"c", server.memory.at("c")}}}; }
  Tensor gradient(const GradientAt& at, const Tensor& shared, Turn& turn) override {  // (K, P)
    return at(shared) - turn.memory("c") + turn.received.at("c");
  }
  /// Its control variates are differences to the server's of the same round.
  bool takes_stale_updates() const override { return false; }
  bool replayable() const override { return true; }
  /// c_k = c_k - c - update / (steps rate), the client's mean gradient; it sends by how much that changed.
  Upload upload(const Tensor& update, Turn& turn) override {
    const Tensor steps = turn.steps.unsqueeze(1);  // (K, 1)
    const Tensor change = (steps > 0) * (-turn.received.at("c") - update / (steps.clamp_min(1) * turn.learning_rate));
    turn.memory("c").add_(change);
    return {update, {{"c", change}}};
  }
  void aggregate(Server& server, const Sums& sums) override {
    server.global = at::add(server.global, sums.mean_update, rate_);
    server.memory.at("c") += sums.extras.at("c") / double(sums.population);
  }

 private:
  double rate_;
};

}  // namespace fedorbit
