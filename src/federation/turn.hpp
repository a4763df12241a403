// The local loop: one group's training in one round. There is no other.
#pragma once
#include <csignal>
#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "algorithms/codec.hpp"
#include "algorithms/strategy.hpp"
#include "comm/communicator.hpp"
#include "data/partition.hpp"
#include "federation/downloads.hpp"
#include "federation/experiment.hpp"
#include "federation/group.hpp"
#include "federation/local_steps.hpp"

namespace fedorbit {

/// What a group brings back: everything by client, in the group's order.
struct TurnOutcome {
  std::vector<ClientId> clients;
  Upload upload;              // as the server decodes it
  Strategy::Named inspected;  // name -> (K, n): what the server computes of that
  Tensor statistics;          // (K, S): by how much they moved
  Tensor rows;                // (K, row_length): personal parameters, the strategy's memories by name, residuals
  Tensor diagnostics;         // (K, D) float64
  std::vector<std::int64_t> samples, steps, weights;
  std::vector<FederatedBytes> sent;
  std::vector<double> loss, drift;
  std::vector<bool> finite;
  double seconds = 0;
};

/// All that a turn works with; made once for a run.
struct Workshop {
  const Experiment& experiment;
  const Partition& partition;
  const Batches& batches;
  Learner& learner;
  Strategy& strategy;
  const Codec& upload_codec;
  const Codec& download_codec;
  Keys keys;
  std::int64_t width;  // images of a step: training.batch_size, or as many as the largest client has
  std::map<std::string, std::int64_t> memories;             // names and lengths of what clients keep for the strategy
  std::vector<std::string> residuals{};                     // names of the messages of which clients keep a residual
  std::map<std::int64_t, std::shared_ptr<Group>> groups{};  // by their number of clients
  std::vector<std::pair<ClientId, std::int64_t>> sizes{};   // training images of clients that were counted last
  std::vector<Batch> public_images{};                       // on the device, see Strategy::public_batches

  /// Numbers that a client keeps; the last of them are residuals.
  std::int64_t row_length() const;
  std::int64_t residuals_length() const;
  /// How many training images a client has; its shard is looked at if it is none of those that were counted.
  std::int64_t images(ClientId client) const;
  /// Collective, of clients in ascending order, the same on all ranks: they share the work, since a client may have to
  /// draw its images to tell.
  void count_images(const std::vector<ClientId>& clients, Communicator& communicator);
  /// What a client counts in the average, as method.weighting has it: known before it trains.
  std::int64_t weight(ClientId client) const;
  /// The place where K clients train; made at their first turn.
  Group& group(std::int64_t clients);
};

/// What the clients of a group bring back of a round; nothing where a `signal` came between two of their steps.
/// `opened` is their turn; `before_last_step` is called when all its batches are there: it may open another.
std::optional<TurnOutcome> take_turn(Workshop& workshop, const Server& server, Downloads& downloads,
                                     const std::vector<ClientId>& clients, const ClientStore& kept,
                                     const volatile std::sig_atomic_t& signal, const OpenedTurn& opened,
                                     const std::function<void()>& before_last_step);

}  // namespace fedorbit
