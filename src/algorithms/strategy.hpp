// How clients learn together: one of the three axes along which methods differ. The defaults are
// FedAvg's, but for replayable(). What clients send is only ever summed. P is the number of shared weights,
// Layout::weights: a layout's statistics are averaged apart from any strategy.
#pragma once
#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>

#include <functional>
#include <map>
#include <span>
#include <string>

#include "algorithms/learner.hpp"
#include "algorithms/optimiser.hpp"

namespace fedorbit {

/// The state of the federation between rounds.
struct Server {
  Tensor global;                         // (P) float32
  std::map<std::string, Tensor> memory;  // named vectors of the strategy: momenta, control variates
  std::int64_t round = 0;                // rounds committed so far
  Tensor statistics{};                   // (S) float32, plain means over clients; undefined where there are none

  /// (P + S): all that is shared, in the layout's order.
  Tensor parameters() const { return statistics.defined() ? at::cat({global, statistics}) : global; }
};

/// What a client is sent.
struct Download {
  Tensor shared;                           // (P)
  std::map<std::string, Tensor> extras{};  // name -> (n) float32; Turn::received holds them
};

/// What K clients send. Everything is additive over clients. What each counts in the average is known before it trains
/// (Workshop::weight): a strategy that weighs otherwise scales the update, and sends what it scaled by as an extra.
struct Upload {
  Tensor update;                           // (K, P)
  std::map<std::string, Tensor> extras{};  // name -> (K, n), summed unweighted
};

/// What a strategy declares of an extra: its length, what its numbers are expected to stay below, and whether clients
/// send it, or Strategy::inspect() finds it. Sums are scaled by the bound; a round in which a number is larger is
/// played again.
struct Extra {
  std::int64_t length;
  double bound = 256;
  bool sent = true;
};

/// Batches of public images that a strategy looks at.
struct PublicBatches {
  std::int64_t count = 0, size = 0;  // of each, in images
};

/// What came of the cohort as a whole.
struct Sums {
  Tensor mean_update;  // (P): sum of weight * update, divided by the sum of weights; zero if that is zero
  std::int64_t weight = 0, clients = 0;
  std::map<std::string, Tensor> extras;  // name -> (n): sums of what was sent, the weighted mean of what was not
  std::int64_t population = 0;           // all clients there are, in the cohort or not
  Tensor statistics{};                   // (S): the weighted mean by which statistics moved; for the round loop
};

/// Evaluates the gradient of the loss at the given shared parameters (K, P) -> (K, P).
using GradientAt = std::function<Tensor(const Tensor& shared)>;

class Strategy {
 public:
  using Lengths = std::map<std::string, std::int64_t>;
  using Extras = std::map<std::string, Extra>;
  using Named = std::map<std::string, Tensor>;
  virtual ~Strategy() = default;
  /// What each client keeps for the strategy between turns (Turn::memory), by name and length.
  virtual Lengths memories(const Layout&) const { return {}; }
  /// What comes of each client besides its update (Upload::extras, inspect()), by name.
  virtual Extras extras(const Layout&) const { return {}; }
  /// What the server keeps between rounds (Server::memory), by name and length: float32, zeros at first.
  virtual Lengths server_memories(const Layout&) const { return {}; }
  /// Before a run: throws where the method is not defined for this local optimiser, or for what is shared.
  virtual void check(const OptimiserOptions&, const Layout&) const {}
  /// Before a run: why the strategy changes nothing where no client takes more than so many local steps a round, as a
  /// sentence that the run warns with; empty where it does change something.
  virtual std::string idle(std::int64_t most_steps) const { return {}; }
  /// The same for the same client between two rounds: also what it is judged by.
  /// A tensor that was handed out does not change within the round: it is written once.
  virtual Download download(const Server& server, ClientId) { return {server.global}; }
  /// What a client starts from where that is not simply what came: blends it with what the client kept. Pure, and
  /// without random draw, since exams ask as well. Whether it changed anything.
  virtual bool receive(Parameters&, const Turn&) const { return false; }
  /// Whether receive() blends, so that clients start from something else each.
  virtual bool blends() const { return false; }
  /// Whether download() sends clients anything but the same parameters.
  virtual bool downloads_differ() const { return false; }
  /// Whether it is defined where updates of one round began from different versions of the model.
  virtual bool takes_stale_updates() const { return true; }
  /// The direction of a local step from `shared` (K, P). `at` is called at least once; personal gradients are those of
  /// its last call, the loss of the step is that of its first.
  virtual Tensor gradient(const GradientAt& at, const Tensor& shared, Turn&) { return at(shared); }
  /// Whether gradient() does the same operations on the same tensors in every step; see Learner::replayable.
  virtual bool replayable() const { return false; }
  /// `update` (K, P) is trained minus downloaded, also where receive() blends.
  virtual Upload upload(const Tensor& update, Turn&) { return {update}; }
  /// The public images that it looks at, whose labels nobody does: none where it looks at none. The batches are the
  /// same in all rounds, as the learner's encoder wants them, for one model each.
  virtual PublicBatches public_batches() const { return {}; }
  /// What the server would compute of one client's model, `shared` (P + S) as it decoded it: the extras that are not
  /// sent, name -> (n) float32. Pure; the rank that has trained the client calls it, so nothing travels for it.
  virtual Named inspect(const Tensor& shared, Learner&, std::span<const Batch> images) const { return {}; }
  /// Applies what came together; the caller keeps `round` and statistics. Every rank calls it with the same numbers,
  /// float32 on the CPU, and must come to the same: no random draw, no clock. P is 0 where method.personal leaves
  /// nothing shared. `server.global` becomes another tensor: the former one was handed out, and is not changed in
  /// place.
  virtual void aggregate(Server& server, const Sums& sums) { server.global = server.global + sums.mean_update; }
  /// After it, where there are public images: the weights (P) that the server makes of its own by training. The root
  /// alone calls it, and the others are given what comes.
  virtual Tensor train_server(const Server& server, const Sums&, Learner&, std::span<const Batch> images) const {
    return server.global;
  }
};

}  // namespace fedorbit
