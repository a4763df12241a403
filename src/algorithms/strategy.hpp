// How clients learn together: one of the three axes along which methods differ. The defaults are FedAvg.
#pragma once
#include <ATen/TensorOperators.h>

#include <functional>
#include <map>
#include <string>

#include "algorithms/learner.hpp"

namespace fedorbit {

/// The state of the federation between rounds.
struct Server {
  Tensor global;                         // (P) float32
  Tensor last_update;                    // (P) the previous step of `global`; zero before the first
  std::map<std::string, Tensor> memory;  // named vectors of the strategy: momenta, control variates
  std::int64_t round = 0;                // rounds committed so far
};

/// What K clients send. Everything is additive over clients.
struct Upload {
  Tensor update;                         // (K, P)
  Tensor weight;                         // (K) int64, not negative
  std::map<std::string, Tensor> extras;  // name -> (K, n), summed unweighted
};

/// What came of the cohort as a whole.
struct Sums {
  Tensor mean_update;  // (P): sum of weight * update, divided by the sum of weights; zero if that is zero
  std::int64_t weight = 0, clients = 0;
  std::map<std::string, Tensor> extras;  // name -> (n)
};

/// Evaluates the gradient of the loss at the given shared parameters (K, P) -> (K, P).
using GradientAt = std::function<Tensor(const Tensor& shared)>;

class Strategy {
 public:
  using Lengths = std::map<std::string, std::int64_t>;
  virtual ~Strategy() = default;
  /// What each client keeps for the strategy between turns (Turn::memory), by name and length.
  virtual Lengths memories(const Layout&) const { return {}; }
  /// What each client sends besides its update (Upload::extras), by name and length.
  virtual Lengths extras(const Layout&) const { return {}; }
  /// The shared parameters (P) that this client is sent.
  virtual Tensor download(const Server& server, ClientId) { return server.global; }
  /// The direction of a local step from `shared` (K, P).
  virtual Tensor gradient(const GradientAt& at, const Tensor& shared, const Turn&) { return at(shared); }
  /// `update` (K, P) is trained minus received, `weight` (K) int64 what each client counts in the average.
  virtual Upload upload(const Tensor& update, const Tensor& weight, Turn&) { return {update, weight, {}}; }
  /// Applies what came together; the caller keeps `last_update` and `round`.
  virtual void aggregate(Server& server, const Sums& sums) { server.global = server.global + sums.mean_update; }
};

}  // namespace fedorbit
