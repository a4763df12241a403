#include "federation/simulation.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/clock.hpp"
#include "core/error.hpp"
#include "federation/cohort.hpp"
#include "machine/range.hpp"

namespace fedorbit {

Simulation::Simulation(Workshop& workshop, Communicator& communicator, std::vector<std::unique_ptr<Exam>> exams,
                       std::vector<Observer*> observers, std::function<void(const State&)> save)
    : workshop_(workshop),
      communicator_(communicator),
      observers_(std::move(observers)),
      save_(std::move(save)),
      aggregation_(workshop.learner.layout(), workshop.strategy, workshop.experiment.training.aggregation),
      costs_([&workshop](ClientId client) {
        const auto samples = std::int64_t(workshop.partition.shard(client).train.size());
        return workshop.experiment.training.local_steps(samples).all;
      }),
      store_(workshop.row_length()),
      clients_(workshop, store_, costs_, communicator),
      exams_(std::move(exams)) {
  Parameters initial(workshop.learner.layout(), 1);
  const ClientId nobody = 0;
  workshop.learner.initialise(initial, Owner::shared, std::span(&nobody, 1), workshop.keys);
  server_.global = initial.flat(Owner::shared)[0].clone();
  server_.last_update = at::zeros_like(server_.global);
  for (const auto& [name, length] : workshop.strategy.server_memories(workshop.learner.layout()))
    server_.memory[name] = at::zeros({length}, at::kFloat);
}

void Simulation::restore(const State& state) {
  require(
      !communicator_.root() || (state.server.global.sizes() == server_.global.sizes() &&
                                state.clients.rows.size(1) == workshop_.row_length()),
      "the checkpoint's parameters are not of this method's sizes: it is another program version's; pass --restart to "
      "begin anew.");
  server_ = state.server;
  store_.restore(state.clients, communicator_);
  restored_ = true;
}

Ending Simulation::run(const volatile std::sig_atomic_t& signal) {
  const auto& options = workshop_.experiment;
  if (!restored_) {
    evaluate(true);
    evaluate(false);
  }
  while (server_.round < options.training.rounds) {
    std::optional<RoundRecord> record = play_round(signal);
    if (!record) {
      save();
      return Ending::interrupted;
    }
    const bool last = server_.round == options.training.rounds;
    const Stopwatch watch;
    if (last || server_.round % options.evaluation.every == 0) evaluate(false);
    record->evaluation_seconds = watch.seconds();
    record->total_seconds += record->evaluation_seconds;
    tell([&](Observer& observer) { observer.round_committed(*record); });
    if (last || server_.round % options.checkpoint.every == 0) save();
  }
  // What the ranks moved since their last report.
  const RankReport rest{false, 0, at::zeros({0}, at::kDouble), communicator_.take_traffic(), {}, {}, {}};
  const auto reports = gather_reports(rest, 0, 0, communicator_);
  tell([&](Observer& observer) {
    observer.transported(transport_records(reports, std::max<std::int64_t>(0, server_.round - 1)));
  });
  return Ending::finished;
}

std::optional<RoundRecord> Simulation::play_round(const volatile std::sig_atomic_t& signal) {
  const Range range("round");
  const Stopwatch watch;
  const auto& options = workshop_.experiment.training;
  const std::vector<ClientId> cohort =
      draw_cohort(workshop_.partition.clients(), options.participation, server_.round, workshop_.keys);
  const Placement placement = costs_.place(make_groups(cohort, options.group_size), communicator_.size());
  const Seconds before_exchange = seconds_in(communicator_.traffic());
  store_.gather_at(placement, communicator_);
  const Seconds exchange = seconds_in(communicator_.traffic()) - before_exchange;

  std::vector<TurnOutcome> turns;
  const Stopwatch training;
  for (const auto& group : placement.of_rank(communicator_.rank())) {
    if (signal != 0) break;
    turns.push_back(take_turn(workshop_, server_, group, [&](ClientId client) { return store_.find(client); }));
  }

  RankReport mine;
  mine.stop = signal != 0;
  mine.training_seconds = training.seconds();
  mine.largest = aggregation_.largest(turns);
  mine.traffic = communicator_.take_traffic();
  for (const TurnOutcome& turn : turns) {
    const Tensor diagnostics = turn.diagnostics.contiguous(), weight = turn.upload.weight.to(at::kCPU).contiguous();
    for (std::size_t k = 0; k < turn.clients.size(); ++k) {
      const auto* observed = diagnostics.const_data_ptr<double>() + std::int64_t(k) * diagnostics.size(1);
      mine.turns.push_back({turn.clients[k],
                            turn.samples[k],
                            turn.steps[k],
                            turn.loss[k],
                            turn.drift[k],
                            turn.upload_bytes[k],
                            turn.download_bytes[k],
                            turn.seconds / double(turn.clients.size()),
                            {observed, observed + diagnostics.size(1)}});
      mine.weights.push_back(weight.const_data_ptr<std::int64_t>()[k]);
      mine.finite.push_back(turn.finite[k]);
    }
  }
  const auto reports =
      gather_reports(mine, placement.most_clients(), workshop_.learner.diagnostics().size(), communicator_);
  if (std::ranges::any_of(reports, &RankReport::stop)) {
    store_.discard();
    tell([&](Observer& observer) {
      // What was moved since the last report was moved for the rounds before.
      observer.transported(transport_records(reports, std::max<std::int64_t>(0, server_.round - 1)));
      observer.happened(
          {server_.round, "interrupted", text("a signal ended the run; round ", server_.round, " is discarded.")});
    });
    return std::nullopt;
  }

  const std::vector<ClientId> dropped = refuse_nonfinite(reports, server_.round);
  Tensor largest = at::zeros_like(mine.largest);
  std::int64_t weight = 0, clients = 0;
  for (const RankReport& report : reports) {
    largest = at::maximum(largest, report.largest);
    for (std::size_t i = 0; i < report.turns.size(); ++i)
      if (report.finite[i]) weight += report.weights[i], ++clients;
  }
  Sums sums = aggregation_.sum(turns, largest, weight, clients, communicator_);
  sums.population = workshop_.partition.clients();

  // From here on nothing can fail on one rank alone: the round is committed.
  const Tensor before = server_.global.clone();  // a strategy may change it in place
  workshop_.strategy.aggregate(server_, sums);
  server_.last_update = server_.global - before;
  for (const TurnOutcome& turn : turns) store_.stage(turn.clients, turn.rows);
  store_.commit(placement, dropped);
  ++server_.round;
  // Sums that depend on their order shall not depend on the clock.
  if (options.aggregation == "exact") learn_costs(placement, reports);

  const RoundRecord record = round_record(reports, double(weight), watch.seconds(), exchange);
  std::vector<PlacementRecord> placed;
  for (std::size_t g = 0; g < placement.groups().size(); ++g)
    for (const ClientId client : placement.groups()[g]) placed.push_back({record.round, client, placement.rank_of(g)});
  tell([&](Observer& observer) {
    observer.transported(transport_records(reports, record.round));
    observer.placed(placed);
  });
  warn(record);
  return record;
}

std::vector<ClientId> Simulation::refuse_nonfinite(const std::vector<RankReport>& reports, std::int64_t round) {
  std::vector<ClientId> dropped;
  for (const RankReport& report : reports)
    for (std::size_t i = 0; i < report.turns.size(); ++i)
      if (!report.finite[i]) dropped.push_back(report.turns[i].client);
  if (dropped.empty()) return dropped;
  std::ranges::sort(dropped);
  if (workshop_.experiment.training.nonfinite == "drop") {
    for (const ClientId client : dropped)
      tell([&](Observer& observer) {
        observer.happened(
            {round, "dropped",
             text("the update of client ", client, " in round ", round, " is not finite and was dropped.")});
      });
    return dropped;
  }
  const std::string sentence = text("the update of client ", dropped.front(),
                                    dropped.size() > 1 ? text(" and ", dropped.size() - 1, " others") : "",
                                    " in round ", round, " is not finite");
  throw SharedError(sentence + "; use a smaller optimiser.learning_rate, or training.nonfinite = \"drop\".");
}

void Simulation::learn_costs(const Placement& placement, const std::vector<RankReport>& reports) {
  std::unordered_map<ClientId, std::size_t> group_of;
  for (std::size_t g = 0; g < placement.groups().size(); ++g)
    for (const ClientId client : placement.groups()[g]) group_of[client] = g;
  std::vector<double> seconds(placement.groups().size(), 0);
  for (const RankReport& report : reports)
    for (const TurnRecord& turn : report.turns) seconds[group_of.at(turn.client)] += turn.seconds;
  costs_.observe(placement, seconds);
  costs_.share(communicator_);
}

RoundRecord Simulation::round_record(const std::vector<RankReport>& reports, double weight, double seconds,
                                     const Seconds& exchange) const {
  RoundRecord record{};
  record.round = server_.round - 1;
  record.update_norm = at::linalg_vector_norm(server_.last_update.to(at::kDouble)).item<double>();
  record.total_seconds = seconds;
  std::vector<std::pair<ClientId, double>> terms;
  record.training_seconds = reports.front().training_seconds;
  for (const RankReport& report : reports) {
    for (std::size_t i = 0; i < report.turns.size(); ++i) {
      record.turns.push_back(report.turns[i]);
      if (report.finite[i])
        terms.emplace_back(report.turns[i].client, double(report.weights[i]) * report.turns[i].loss);
    }
  }
  std::ranges::sort(record.turns, {}, &TurnRecord::client);
  std::ranges::sort(terms);
  for (const auto& [client, term] : terms) record.loss += term;
  record.loss = weight > 0 ? record.loss / weight : std::numeric_limits<double>::quiet_NaN();
  // Since this rank's report: the small message and the sum.
  const Seconds moved = seconds_in(communicator_.traffic()) + exchange;
  record.waiting_seconds = moved.waiting;
  record.transfer_seconds = moved.transfer;
  return record;
}

void Simulation::warn(const RoundRecord& record) {
  std::vector<double> means(workshop_.learner.diagnostics().size());
  for (std::size_t i = 0; i < means.size(); ++i) {
    double count = 0;
    for (const TurnRecord& turn : record.turns)
      if (std::isfinite(turn.diagnostics[i])) means[i] += turn.diagnostics[i], ++count;
    means[i] /= count;  // NaN where nobody observed anything
  }
  for (const std::string& sentence : workshop_.learner.warnings(means))
    tell([&](Observer& observer) { observer.happened({record.round, "warning", sentence}); });
}

void Simulation::evaluate(bool frozen) {
  const Range range("evaluation");
  std::vector<Score> scores;
  for (const auto& exam : exams_) {
    if (exam->frozen() != frozen) continue;
    const std::vector<Score> found = exam->take(server_, clients_);
    scores.insert(scores.end(), found.begin(), found.end());
  }
  tell([&](Observer& observer) { observer.evaluated(scores); });
}

void Simulation::save() {
  const State state{server_, store_.collect(communicator_)};
  if (communicator_.root()) save_(state);
}

std::vector<std::pair<std::string, Tensor>> Simulation::shared() const {
  std::vector<std::pair<std::string, Tensor>> named;
  for (const auto& entry : workshop_.learner.layout().entries(Owner::shared))
    named.emplace_back(entry.name, server_.global.narrow(0, entry.offset, entry.numel).view(entry.shape));
  return named;
}

}  // namespace fedorbit
