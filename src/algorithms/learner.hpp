// What is trained, and by which loss: one of the three axes along which methods differ.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "algorithms/parameters.hpp"
#include "algorithms/turn.hpp"

namespace fedorbit {

class Classifier;
class Encoder;

/// A loss for K clients at once. The frozen backbone is shared by all of them. A client's loss and gradient do not
/// depend on what the others of its group hold; in float32 on a CPU they have the same bits alone and in any group:
/// batched products keep that, LibTorch's vectorised functions may not (the last numbers of a tensor take another way;
/// losses/transport.cpp writes its sigmoid out), and frozen weights have model/towers/frozen_matrix.hpp.
class Learner {
 public:
  virtual ~Learner() = default;
  virtual const Layout& layout() const = 0;
  /// Writes the initial values of every tensor of `owner` for the given clients; the shared ones do not depend on them,
  /// and are there before personal ones are asked for, these before those of a turn. Those of a turn are the same in
  /// every round. Written by flat(owner) or a Layout::view of it, on the host: leaves refuse it. Called for owners
  /// without tensors, too. Draws are of keys.stream(Purpose::initialise, ...), a client's own by its number.
  virtual void initialise(Parameters& parameters, Owner owner, std::span<const ClientId> clients, const Keys& keys) = 0;
  /// (K): each client's mean loss over its present samples. Clients do not mix: the gradient of the sum is theirs.
  virtual Tensor loss(const Parameters& parameters, const Batch& batch, Turn& turn) = 0;
  /// Called after each step, without gradient: momentum encoders, queues, statistics. The one place where tensors that
  /// are not trained may be written: loss() may be asked again for the same step, and autograd watches what it reads.
  /// The whole group is there: rows of clients that turn.active does not have must stay as they are.
  virtual void after_step(Parameters&, const Turn&) {}
  /// What loss() wants in its batches.
  virtual Needs needs() const { return {}; }
  /// The fewest images that a step makes sense with.
  virtual std::int64_t smallest_batch() const { return 1; }
  /// Why a client with so many images cannot train, as the rest of a sentence that says their number; empty where it
  /// can.
  virtual std::string refusal(std::int64_t images) const { return {}; }
  /// A sentence on what it had to assume or leave out of what it was given, or empty.
  virtual std::string assumption() const { return {}; }
  /// SHA-256, hexadecimal, of weights that it read from files of its own, divided by commas, or empty.
  virtual std::string weights_checksum() const { return {}; }
  /// About how much memory a client adds to a group's step of `batch_size` images, its parameters apart. A group that
  /// does not fit is refused by it, which 0 would let pass: registered learners say more.
  virtual double step_bytes(std::int64_t batch_size) const { return 0; }
  /// How many clients train together on this device where training.group_size does not say: a constant, which no
  /// measurement changes. A group has a cost of its own, about a tenth of a millisecond on a CPU: where a step is
  /// lighter than that, 40 or so share it; where it is not, few, since groups are what ranks share; whole networks
  /// train alone.
  virtual std::int64_t usual_group(const at::Device& device) const = 0;
  /// Whether loss() and after_step() do the same operations on the same tensors in every step, so that a GPU may record
  /// a step and replay it: no random draw, no look at a value, none of what a turn says in plain numbers (round, step,
  /// clients, learning rate). Steps in which turn.alike holds are recorded on their own.
  virtual bool replayable() const { return false; }
  /// What loss() observes in turn.diagnostics.
  virtual std::vector<std::string> diagnostics() const { return {}; }
  /// Sentences about a round whose diagnostics have these means over clients (NaN where nothing was observed).
  virtual std::vector<std::string> warnings(std::span<const double> means) const { return {}; }
  /// Which of its options do nothing beside the others, in a sentence; empty where each does something.
  virtual std::string idle() const { return {}; }
  /// What it can do besides: label, give features, both, or nothing.
  virtual Classifier* classifier() { return nullptr; }
  virtual Encoder* encoder() { return nullptr; }
};

/// Which parameters label: those the server knows, or the client's own too.
enum class Scope { global, personal };

/// A classifier frozen at some parameters: batch -> logits (K, B, C).
using Scorer = std::function<Tensor(const Batch&)>;

/// What a learner that can label is besides.
class Classifier {
 public:
  virtual ~Classifier() = default;
  /// Does once whatever does not depend on images (text features of every class, say). The learner outlives what it
  /// returns, the parameters may not; tensors of a turn are not looked at.
  virtual Scorer scorer(const Parameters& parameters, Scope scope) = 0;
  /// What a scorer wants in its batches.
  virtual Needs needs_to_label() const { return {}; }
  /// Whether it labels by what it reads of the classes' names, whichever they are; else its answers are the classes
  /// that it was trained for, in their order.
  virtual bool reads_names() const { return false; }
};

/// An encoder frozen at some parameters: batch -> features (K, B, d) float32, raw; those of absent images are anything.
using Encoding = std::function<Tensor(const Batch&)>;

/// What a learner that gives features is besides.
class Encoder {
 public:
  virtual ~Encoder() = default;
  /// As Classifier::scorer, for features.
  virtual Encoding encoding(const Parameters& parameters, Scope scope) = 0;
  /// The features of a batch at what the parameters are now, as the global scope has them, for a loss to be
  /// differentiated by the leaves.
  virtual Tensor encode(const Parameters& parameters, const Batch& batch) = 0;
  /// What an encoding wants in its batches, of which it looks at no labels.
  virtual Needs needs_to_encode() const = 0;
  virtual std::int64_t width() const = 0;  // d
};

}  // namespace fedorbit
