// A federation small enough to be checked by hand: the learner is a matrix of dot products, and nothing needs a CLIP.
#pragma once
#include <ATen/ATen.h>

#include <cmath>
#include <memory>
#include <numeric>
#include <optional>

#include "algorithms/losses/cross_entropy.hpp"
#include "algorithms/strategies/fedavg.hpp"
#include "comm/single.hpp"
#include "evaluation/frozen_exam.hpp"
#include "federation/assemble.hpp"
#include "federation/exams.hpp"
#include "federation/public_batches.hpp"
#include "federation/simulation.hpp"

namespace fedorbit::toy {

constexpr std::int64_t classes = 3, width = 4;

/// Logits of an image x are W x + b: W is shared, b is the client's own, where there is one. The gradient of one client
/// can be spoilt.
class Learner : public fedorbit::Learner, public Classifier {
 public:
  explicit Learner(bool biased = true) : biased_(biased) {
    layout_.add({"weights", {classes, width}, Owner::shared});
    layout_.add({"scale", {1}, Owner::shared});
    if (biased) layout_.add({"bias", {classes}, Owner::personal});
  }
  /// From this round on, the loss of this client is not a number.
  void spoil(ClientId client, std::int64_t round) { magnify(client, round, NAN); }
  /// From this round on, the loss of this client is so many times what it is.
  void magnify(ClientId client, std::int64_t round, double factor) {
    spoilt_ = client, spoilt_round_ = round, factor_ = factor;
  }
  std::function<void(const Turn&)> watch;  // called at every local step

  const Layout& layout() const override { return layout_; }
  bool replayable() const override { return spoilt_ < 0; }
  std::int64_t usual_group(const at::Device&) const override { return 40; }
  void initialise(Parameters& parameters, Owner owner, std::span<const ClientId> clients, const Keys& keys) override {
    for (std::size_t k = 0; k < clients.size(); ++k) {
      Tensor row = at::empty({layout_.size(owner)}, at::kFloat);
      Stream stream =
          keys.stream(Purpose::initialise, std::uint64_t(owner), owner == Owner::shared ? 0 : 1 + clients[k]);
      stream.fill_normal({row.mutable_data_ptr<float>(), std::size_t(row.numel())}, 0.1);
      parameters.flat(owner)[std::int64_t(k)].copy_(row);
    }
  }
  Tensor loss(const Parameters& parameters, const Batch& batch, Turn& turn) override {
    const Tensor logits = scored(parameters, batch.features, true);
    if (watch) watch(turn);
    turn.diagnostics.observe("logit", logits.detach().abs().amax({1, 2}), batch.active);
    const Tensor entropy = cross_entropy(logits, batch.labels, batch.present);
    if (spoilt_ < 0) return entropy;
    Tensor factor = at::ones({std::int64_t(turn.clients.size())});
    for (std::size_t k = 0; k < turn.clients.size(); ++k)
      if (turn.clients[k] == spoilt_ && turn.round >= spoilt_round_) factor[std::int64_t(k)] = factor_;
    return entropy * factor;
  }
  Classifier* classifier() override { return this; }
  Scorer scorer(const Parameters& parameters, Scope scope) override {
    return [this, &parameters, scope](const Batch& batch) {
      return scored(parameters, batch.features, scope == Scope::personal);
    };
  }
  std::vector<std::string> diagnostics() const override { return {"logit"}; }

 protected:
  virtual Tensor scored(const Parameters& parameters, const Tensor& features, bool with_bias) const {
    const Tensor logits =
        at::matmul(features, parameters["weights"].transpose(1, 2)) * parameters["scale"].unsqueeze(1).exp();
    return with_bias && biased_ ? logits + parameters["bias"].unsqueeze(1) : logits;
  }

  Layout layout_;

 private:
  bool biased_;
  ClientId spoilt_ = -1;
  std::int64_t spoilt_round_ = 0;
  double factor_ = NAN;
};

/// Control variates as in SCAFFOLD (Karimireddy et al. 2020, arXiv 1910.06378, option II), with a server that has
/// momentum: a strategy with everything that one can have.
class ControlVariates final : public Strategy {
 public:
  /// `bound`: what changes of control variates are expected to stay below.
  explicit ControlVariates(double bound = 256) : bound_(bound) {}
  Lengths memories(const Layout& layout) const override { return {{"c", layout.weights(Owner::shared)}}; }
  Extras extras(const Layout& layout) const override { return {{"change", {layout.weights(Owner::shared), bound_}}}; }
  Lengths server_memories(const Layout& layout) const override {
    return {{"c", layout.weights(Owner::shared)}, {"momentum", layout.weights(Owner::shared)}};
  }
  Download download(const Server& server, ClientId) override { return {server.global, {{"c", server.memory.at("c")}}}; }
  Tensor gradient(const GradientAt& at, const Tensor& shared, Turn& turn) override {
    return at(shared) - turn.memory("c") + turn.received.at("c");
  }
  Upload upload(const Tensor& update, Turn& turn) override {
    const Tensor steps = turn.steps.clamp_min(1).unsqueeze(1);
    const Tensor change = -turn.received.at("c") - update / (steps * turn.learning_rate);
    turn.memory("c").add_(change);
    return {update, {{"change", change}}};
  }
  void aggregate(Server& server, const Sums& sums) override {
    server.memory["momentum"].mul_(0.5).add_(sums.mean_update);
    server.global = server.global + server.memory["momentum"];
    server.memory["c"] += sums.extras.at("change") / double(sums.population);
  }

 private:
  double bound_;
};

/// What the root's observers were told.
struct Witness final : Observer {
  std::vector<RoundRecord> rounds;
  std::vector<Score> scores;
  std::vector<EventRecord> events;
  std::vector<SelectionRecord> selections;
  std::vector<VirtualTurn> virtual_turns;
  std::vector<VirtualRound> virtual_rounds;
  void scheduled(const std::vector<VirtualTurn>& turns, const std::vector<VirtualRound>& of_rounds) override {
    virtual_turns.insert(virtual_turns.end(), turns.begin(), turns.end());
    virtual_rounds.insert(virtual_rounds.end(), of_rounds.begin(), of_rounds.end());
  }
  void selected(const SelectionRecord& record) override { selections.push_back(record); }
  void round_committed(const RoundRecord& record) override { rounds.push_back(record); }
  void evaluated(const std::vector<Score>& records) override {
    scores.insert(scores.end(), records.begin(), records.end());
  }
  void happened(const EventRecord& event) override { events.push_back(event); }
};

inline Tensor normal(std::initializer_list<std::int64_t> shape, std::uint64_t seed) {
  Tensor values = at::empty(shape, at::kFloat);
  Keys(seed).stream(Purpose::test).fill_normal({values.mutable_data_ptr<float>(), std::size_t(values.numel())}, 1);
  return values;
}

/// What the server sends in the round that it is in, and has sent in no other.
inline Downloads downloads_of(const Workshop& workshop, const Server& server) {
  static const Mirror nothing_sent;
  return {workshop.strategy, workshop.download_codec, workshop.learner.layout(), server, workshop.keys, nothing_sent};
}

/// A store in which these clients have these rows.
inline ClientStore store_of(const std::map<ClientId, Tensor>& rows) {
  ClientRows all{.length = rows.empty() ? 0 : rows.begin()->second.numel()};
  for (const auto& [client, row] : rows) all.clients.push_back(client);
  all.visit = [&](const ClientRows::Take& take) {
    for (const auto& [client, row] : rows) take(row.contiguous());
  };
  ClientStore store(all.length);
  store.restore(all);
  return store;
}

/// A saved state with its clients' rows, which may be restored more than once.
struct Saved : State {
  Tensor rows;  // (clients, row_length)
  explicit Saved(const State& state)
      : State(state), rows(at::empty({std::int64_t(clients.clients.size()), clients.length})) {
    std::int64_t next = 0;
    clients.visit([&](const Tensor& row) { rows[next++].copy_(row); });
    clients.visit = [all = rows](const ClientRows::Take& take) {
      for (std::int64_t i = 0; i < all.size(0); ++i) take(all[i]);
    };
  }
};

/// A turn of clients that have kept nothing, from what the server sends.
inline TurnOutcome turn_of(Workshop& workshop, const Server& server, const std::vector<ClientId>& clients) {
  Downloads downloads = downloads_of(workshop, server);
  const ClientStore nothing(0);
  const volatile std::sig_atomic_t no_signal = 0;
  const OpenedTurn opened = open_turn(workshop, clients, server.round);
  return take_turn(workshop, server, downloads, clients, nothing, no_signal, opened, [] {}).value();
}

/// Images are random vectors near their class's own. Change `experiment` before the first simulation.
struct Federation {
  Experiment experiment;
  Tensor labels = at::arange(600, at::kLong) % classes;
  Tensor domains = at::arange(600, at::kLong) % 5 % 2;
  Features features{normal({classes, width}, 1).index_select(0, labels) + normal({600, width}, 2), {}};
  KeptFeatures samples;
  std::shared_ptr<Learner> trained;
  Learner& learner;                    // the same
  std::shared_ptr<Strategy> strategy;  // instead of the one that the experiment names
  Parts parts;
  std::unique_ptr<Workshop> workshop;
  std::optional<Questions> questions;
  Witness witness;
  RowShelf::Room room;
  std::vector<Saved> saved;  // at the root

  explicit Federation(at::Device device = at::kCPU, bool biased = true)
      : Federation(device, std::make_shared<Learner>(biased)) {}
  Federation(at::Device device, std::shared_ptr<Learner> learner)
      : samples(features, labels, device), trained(std::move(learner)), learner(*trained) {
    experiment.partition.clients = 11;
    experiment.partition.kind = "dirichlet";
    experiment.partition.alpha = 5;
    experiment.partition.test_fraction = 0.6;  // more than two chunks of evaluation
    experiment.training.rounds = 5;
    experiment.training.batch_size = 4;
    experiment.training.group_size = 2;
    experiment.training.participation = 0.5;
    experiment.evaluation.every = 2;
    experiment.evaluation.linear_probe = false;
    experiment.checkpoint.every = 1000;
    experiment.optimiser.learning_rate = 0.1;
  }

  Simulation simulation(Communicator& communicator) {
    const Labelled view{
        {labels.const_data_ptr<std::int64_t>(), 600}, {domains.const_data_ptr<std::int64_t>(), 600}, classes, 2};
    parts = assemble(experiment, view, trained, samples.device());
    if (strategy) parts.strategy = strategy;
    workshop = std::make_unique<Workshop>(parts.workshop(experiment, samples));
    workshop->public_images = public_batches(parts, samples, parts.partition->pools().public_images);
    std::vector<Observer*> observers;
    if (communicator.root()) observers.push_back(&witness);
    questions.emplace(questions_of(experiment, parts, view, samples));
    auto exams = exams_of(
        experiment, parts, *questions, samples,
        [this] {
          return by_texts(normal({classes, width}, 1), 10, samples.device());
        },
        communicator);
    return Simulation(
        *workshop, communicator, std::move(exams), observers, [this](const State& state) { saved.emplace_back(state); },
        room);
  }

  Ending run(Communicator& communicator) {
    Simulation simulation = this->simulation(communicator);
    return finish(simulation);
  }
  Ending finish(Simulation& simulation) {
    const Ending ending = simulation.run(signal);
    global = simulation.server().parameters();
    return ending;
  }

  Tensor global;  // of the last run
  volatile std::sig_atomic_t signal = 0;
};

}  // namespace fedorbit::toy
