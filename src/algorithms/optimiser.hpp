// Local optimisers over flat parameters: every client counts its own steps, and an inactive client's row stays as it
// is.
#pragma once
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "algorithms/layout.hpp"
#include "algorithms/optimiser_rows.hpp"
#include "core/options.hpp"

namespace fedorbit {

struct OptimiserOptions {
  std::string kind = "sgd";
  double learning_rate = 1e-3, momentum = 0.9, weight_decay = 5e-4;
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
  double clip_norm = 0;
  std::string schedule = "constant", schedule_over = "rounds";
  std::int64_t warmup = 0;

  void fields(OptionList& v) {
    v("kind", kind, "sgd; adam (weight decay as L2, Kingma and Ba 2015); adamw (decoupled, Loshchilov and Hutter 2019)",
      {"sgd", "adam", "adamw"});
    v("learning_rate", learning_rate, "", "step size", 0, 1e6);
    v("momentum", momentum, "", "of sgd", 0, 1);
    v("weight_decay", weight_decay, "", "pull of decayed parameters towards zero", 0, 1e6);
    v("beta1", beta1, "", "of adam: mean of gradients", 0, 0.999999);
    v("beta2", beta2, "", "of adam: mean of squares", 0, 0.999999);
    v("epsilon", epsilon, "", "of adam: added to the root of the mean square", 0, 1);
    v("clip_norm", clip_norm, "",
      "longest direction that a client steps along, over all that it trains; longer ones are scaled to it; 0: any", 0,
      1e9);
    v("schedule", schedule, "how the learning rate falls: not at all, or to zero along half a cosine",
      {"constant", "cosine"});
    v("schedule_over", schedule_over, "what the schedule counts: rounds, or a client's local steps in all rounds",
      {"rounds", "steps"});
    v("warmup", warmup, "rounds or steps", "of these at the start, the learning rate rises by equal parts", 0, 1e9);
  }

  /// Whether the learning rate is the same in all steps of a turn.
  bool constant_in_turn() const { return schedule_over == "rounds" || (schedule == "constant" && warmup == 0); }
};

/// Where a local step is in a run: all of these from 0, below their numbers; `steps` are its client's in a turn.
struct Moment {
  std::int64_t round, rounds, step = 0, steps = 1;
};

/// With t of T rounds (or steps) done: (t + 1) / W of the rate in the first W, then the whole, or half of
/// 1 + cos(pi (t - W) / (T - W)) of it.
double learning_rate_at(const OptimiserOptions& options, const Moment& moment);

/// Updates rows of what is trained, (K, Layout::trained). Its tensors stay in place, so that a GPU may record a step
/// and replay it.
class Optimiser {
 public:
  virtual ~Optimiser() = default;
  /// To be called first: forgets all state, as federated clients do that keep nothing but parameters, and takes this
  /// learning rate from now on.
  void begin_turn(double learning_rate);
  /// Takes these learning rates, one a client, from now on.
  void take_rates(std::span<const double> rates);
  /// One step of `parameters` (K, trained) against `gradient` (K, trained) for the clients where `active` (K) is 1. The
  /// gradient of each client is multiplied by its factor (K) float32, where there are any.
  void step(const Tensor& parameters, const Tensor& gradient, const Tensor& active, const Tensor& factors = {});
  /// The same by operators on whole tensors: what step() does on a GPU.
  void step_whole(const Tensor& parameters, const Tensor& gradient, const Tensor& active, const Tensor& factors = {});

 protected:
  Optimiser(double weight_decay, const Layout& layout, Owner owner, std::int64_t clients, at::Device device);
  virtual void forget() = 0;
  /// The step of client k, which is active, on the host.
  virtual void step_row(std::int64_t k, const OptimiserRow& row) = 0;
  /// The (K, trained) amount to subtract from the parameters of the clients where `active` (K, 1) is 1; the state of
  /// the others must stay as it is, and all state where it is.
  virtual Tensor change(const Tensor& parameters, const Tensor& gradient, const Tensor& active) = 0;
  std::vector<Decay> decays_;
  Tensor decay_;               // (trained) the same, number by number: where whole tensors are stepped
  std::vector<double> rates_;  // K
  Tensor rates_on_device_;     // (K, 1) the same, where the parameters are
};

std::unique_ptr<Optimiser> make_optimiser(const OptimiserOptions& options, const Layout& layout, Owner owner,
                                          std::int64_t clients, at::Device device);

}  // namespace fedorbit
