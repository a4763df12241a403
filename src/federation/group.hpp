// K clients in training: their tensors, which stay where they are from step to step and from turn to turn, and one
// local step on them.
#pragma once
#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "algorithms/optimiser.hpp"
#include "algorithms/strategy.hpp"
#include "federation/client_store.hpp"
#include "federation/downloads.hpp"
#include "machine/device_graph.hpp"

namespace fedorbit {

struct Workshop;

class Group {
 public:
  Group(const Workshop& workshop, std::int64_t clients, at::Device device);

  /// A new turn of `clients`, K as ever: parameters and memories as received, kept, or initial; nothing observed.
  Turn begin(Workshop& workshop, const Server& server, std::span<const ClientId> clients, const Received& received,
             const ClientStore& kept, const std::vector<std::int64_t>& steps);
  /// One local step of the clients that are active in `batch`. On a GPU the first is launched operator by operator, the
  /// next is recorded, and from then on the record is replayed, where learner and strategy allow it; a turn's first
  /// steps, in which clients are alike, are recorded on their own.
  void step(Workshop& workshop, Turn& turn, const Batch& batch);

  /// What was received is not looked at any more: on a CPU it is no copy, but what the server had at the round's start.
  void end_turn();

  const Parameters& parameters() const { return parameters_; }
  /// (K, P): trained minus received, after the last step. It takes the place of the gradient.
  Tensor update();
  /// (K, S): by how much statistics have moved in this turn.
  Tensor statistics() const;
  const Memory& memory() const { return memory_; }
  const Diagnostics& diagnostics() const { return diagnostics_; }
  const Tensor& loss_sum() const { return loss_sum_; }  // (K) float64, over the steps of the turn

 private:
  struct Recording {
    bool trained = false;  // a step like it, operator by operator
    std::unique_ptr<DeviceGraph> graph;
  };

  /// What these clients start from.
  void load(Workshop& workshop, std::span<const ClientId> clients, const Received& received, const ClientStore& kept);
  void train(Workshop& workshop, Turn& turn, const Batch& batch);
  /// The loss (K) of the batch, whose gradient the leaves hold then. It is summed over training.accumulate parts.
  Tensor differentiate(Workshop& workshop, Turn& turn, const Batch& batch);
  /// `values` in `place`, which stays where it is on a GPU.
  void put(Tensor& place, const Tensor& values) const;

  at::Device device_;
  Parameters parameters_;
  std::optional<Parameters> on_host_;  // where those of a GPU are put together
  Memory memory_;
  Diagnostics diagnostics_;
  std::vector<std::pair<Owner, std::unique_ptr<Optimiser>>> optimisers_;
  Tensor loss_sum_, start_, steps_;
  std::vector<std::int64_t> step_counts_;  // the same as steps_
  std::map<std::string, Tensor> received_;
  Batch batch_, short_;                  // of Workshop::width images, and of fewer
  bool alike_ = false;                   // whether this turn's clients were given the same
  std::array<Recording, 2> recordings_;  // of steps of clients that differ, and that are alike
};

}  // namespace fedorbit
