// What a group of clients has in hand during one turn: what it was given, and what belongs to it.
#pragma once
#include <map>
#include <span>
#include <string>

#include "algorithms/batch.hpp"
#include "algorithms/layout.hpp"
#include "core/client_id.hpp"
#include "core/keys.hpp"

namespace fedorbit {

/// Named rows that outlive a turn, one for each of K clients: residuals, control variates. They are declared by the
/// strategy, start as zeros, and are on the device that clients train on.
class Memory {
 public:
  Memory(std::int64_t clients, const std::map<std::string, std::int64_t>& lengths, at::Device device = at::kCPU);
  /// (K, length) float32; writing to it is remembered.
  Tensor operator()(const std::string& name) const;
  /// All memories one after another, in the order of their names: (K, length()).
  const Tensor& flat() const { return flat_; }
  std::int64_t length() const { return flat_.size(1); }

 private:
  std::map<std::string, std::int64_t> lengths_;
  Tensor flat_;
};

/// Means that a learner reports of its steps: signs of failure, regularisers. Each time that the loss is asked for, a
/// number a client.
class Diagnostics {
 public:
  Diagnostics(std::vector<std::string> names, std::int64_t clients, at::Device device = at::kCPU);
  /// Adds values (K) to the mean of the clients that are active (K).
  void observe(const std::string& name, const Tensor& values, const Tensor& active);
  /// (K, names) float64: means over the observed steps; NaN where there was none.
  Tensor means() const;
  /// Nothing observed yet, in place.
  void clear();
  const std::vector<std::string>& names() const { return names_; }

 private:
  std::vector<std::string> names_;
  Tensor sums_, counts_;  // (K, names) float64
};

/// One group's turn in one round.
struct Turn {
  std::int64_t round = 0, step = 0;
  std::span<const ClientId> clients;  // K
  const Layout& layout;
  Tensor start;  // (K, P) shared weights as received
  Memory& memory;
  Diagnostics& diagnostics;
  Keys keys;                 // streams are asked for by purpose, round and client
  double learning_rate = 0;  // of this round's local steps, or of its first where it changes from step to step
  Tensor steps{};            // (K) float32, how many each client takes in this turn
  Tensor active{};           // (K) float32, 1 for a client that takes the present step
  bool alike = false;        // whether all clients' shared parameters are the same numbers now, as in the first step
  bool again = false;        // whether loss() was asked for this step before: statistics are those of the first time
  std::map<std::string, Tensor> received{};  // name -> (K, n), what the server sent besides the parameters
  Tensor trained{};                          // (K, P) shared weights after the last step; in Strategy::upload() alone
};

}  // namespace fedorbit
