#include "federation/simulation.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/clock.hpp"
#include "core/error.hpp"
#include "federation/cohort.hpp"
#include "federation/round_record.hpp"
#include "machine/range.hpp"

namespace fedorbit {

namespace {

/// " and 2 others", where there are three.
std::string others(std::size_t count) { return count > 1 ? text(" and ", count - 1, " others") : ""; }

}  // namespace

Simulation::Simulation(Workshop& workshop, Communicator& communicator, std::vector<std::unique_ptr<Exam>> exams,
                       std::vector<Observer*> observers, std::function<void(const State&)> save)
    : workshop_(workshop),
      communicator_(communicator),
      observers_(std::move(observers)),
      save_(std::move(save)),
      aggregation_(workshop.learner.layout(), workshop.strategy, workshop.experiment.training.aggregation),
      costs_([&workshop](ClientId client) {
        return workshop.experiment.training.local_steps(workshop.images(client)).all;
      }),
      store_(workshop.row_length()),
      clients_(workshop, store_, costs_, communicator),
      exams_(std::move(exams)),
      selection_(workshop.experiment.evaluation.select) {
  Parameters initial(workshop.learner.layout(), 1);
  const ClientId nobody = 0;
  workshop.learner.initialise(initial, Owner::shared, std::span(&nobody, 1), workshop.keys);
  server_.global = initial.weights(Owner::shared)[0].clone();
  if (workshop.learner.layout().statistics(Owner::shared) > 0)
    server_.statistics = initial.statistics(Owner::shared)[0].clone();
  server_.last_update = at::zeros_like(server_.global);
  for (const auto& [name, length] : workshop.strategy.server_memories(workshop.learner.layout()))
    server_.memory[name] = at::zeros({length}, at::kFloat);
}

void Simulation::restore(const State& state) {
  require(
      !communicator_.root() || (state.server.parameters().sizes() == server_.parameters().sizes() &&
                                state.server.global.sizes() == server_.global.sizes() &&
                                state.clients.rows.size(1) == workshop_.row_length()),
      "the checkpoint's parameters are not of this method's sizes: it is another program version's; pass --restart to "
      "begin anew.");
  server_ = state.server;
  aggregation_.restore(state.bounds);
  store_.restore(state.clients, communicator_);
  selection_.restore(state.selected);
  restored_ = true;
}

Ending Simulation::run(const volatile std::sig_atomic_t& signal) {
  const auto& options = workshop_.experiment;
  if (!restored_) {
    evaluate(true);
    evaluate(false);
  }
  while (server_.round < options.training.rounds) {
    const InPhase round(communicator_.ledger(), Phase::harness, server_.round);
    std::optional<RoundRecord> record = play_round(signal);
    if (!record) {
      save();
      return Ending::interrupted;
    }
    const bool last = server_.round == options.training.rounds;
    const Stopwatch watch;
    if (evaluated_after(server_.round)) evaluate(false);
    record->evaluation_seconds += watch.seconds();
    record->total_seconds += watch.seconds();
    tell([&](Observer& observer) { observer.round_committed(*record); });
    if (last || server_.round % options.checkpoint.every == 0) save();
  }
  report_ledger();
  return Ending::finished;
}

std::optional<RoundRecord> Simulation::play_round(const volatile std::sig_atomic_t& signal) {
  const Range range("round");
  const Stopwatch watch;
  const auto& options = workshop_.experiment.training;
  Cohort cohort{draw_cohort(workshop_.partition.clients(), options.participation, server_.round, workshop_.keys), {}};
  for (const ClientId client : cohort.clients) cohort.weights.push_back(workshop_.weight(client));
  const Placement placement = costs_.place(make_groups(cohort.clients, options.group_size), communicator_.size());
  Ledger& ledger = communicator_.ledger();
  const Seconds before = seconds_in(ledger.sum());
  {
    const InPhase exchange(ledger, Phase::exchange);
    store_.gather_at(placement, communicator_);
  }
  Downloads downloads(workshop_.strategy, workshop_.download_codec, workshop_.learner.layout(), server_,
                      workshop_.keys);

  // An attempt that is played again leaves no trace: what clients keep is as it was until the round is committed, and
  // what they sent counts once.
  double training_seconds = 0;
  examined_seconds_ = 0;
  RankReport mine;
  Verdict verdict;
  for (;;) {
    store_.discard();
    cohort.fates.assign(cohort.clients.size(), Fate::counted);
    aggregation_.begin(server_.parameters(), std::int64_t(cohort.clients.size()), cohort.weight());
    const Stopwatch training;
    mine.turns = train(placement, downloads, cohort, signal);
    training_seconds += training.seconds();
    {
      const InPhase message(ledger, Phase::small_message);
      verdict = agreed({signal != 0, aggregation_.exponents(), cohort.fates}, communicator_);
    }
    if (verdict.stop) {
      discard_round();
      return std::nullopt;
    }
    cohort.fates = verdict.fates;
    refuse_nonfinite(cohort);
    if (!widen_bounds(cohort, verdict)) break;
    ledger.replay(server_.round);
  }

  const Seconds trained = seconds_in(ledger.sum());
  mine.spent = ledger.take();
  const std::vector<RankReport> reports = gathered(mine, placement.most_clients());
  const std::vector<ClientId> dropped = cohort.with(Fate::not_finite);
  const Sums sums = summed(cohort, dropped.size());

  // From here on nothing can fail on one rank alone: the round is committed.
  take_server_step(sums);
  store_.commit(placement, dropped);
  ++server_.round;
  for (const ClientId client : dropped)
    tell([&](Observer& observer) {
      observer.happened(
          {server_.round - 1, "dropped",
           text("the update of client ", client, " in round ", server_.round - 1, " is not finite and was dropped.")});
    });
  // Sums that depend on their order shall not depend on the clock.
  if (options.aggregation == "exact") learn_costs(placement, reports);

  RoundRecord record = round_record(server_, cohort, reports);
  record.training_seconds = training_seconds - examined_seconds_;
  record.evaluation_seconds = examined_seconds_;
  const Seconds moved = trained - before + seconds_in(ledger.sum());
  record.waiting_seconds = moved.waiting;
  record.transfer_seconds = moved.transfer;
  record.total_seconds = watch.seconds();
  std::vector<PlacementRecord> placed;
  for (std::size_t g = 0; g < placement.groups().size(); ++g)
    for (const ClientId client : placement.groups()[g]) placed.push_back({record.round, client, placement.rank_of(g)});
  tell([&](Observer& observer) {
    observer.transported(spent_records(reports), transport_records(reports));
    observer.placed(placed);
  });
  warn(record);
  return record;
}

std::vector<TurnRecord> Simulation::train(const Placement& placement, Downloads& downloads, Cohort& cohort,
                                          const volatile std::sig_atomic_t& signal) {
  const InPhase training(communicator_.ledger(), Phase::training);
  const bool examined = evaluated_after(server_.round + 1);
  // Every rank enters the same phases in the same order, also one without a turn.
  if (examined) InPhase(communicator_.ledger(), Phase::evaluation);
  std::vector<TurnRecord> records;
  const std::vector<std::vector<ClientId>> groups = placement.of_rank(communicator_.rank());
  std::optional<OpenedTurn> next;
  const auto open = [&](std::size_t g) {
    if (!next && g < groups.size()) next = open_turn(workshop_, groups[g], server_.round);
  };
  for (std::size_t g = 0; g < groups.size(); ++g) {
    const auto& group = groups[g];
    open(g);
    const OpenedTurn opened = *std::exchange(next, std::nullopt);
    const auto turn = take_turn(
        workshop_, server_, downloads, group, [&](ClientId client) { return store_.find(client); }, signal, opened,
        [&] { open(g + 1); });
    if (!turn) break;
    if (examined) examine(*turn);
    const std::vector<bool> beyond = aggregation_.fold(*turn);
    store_.stage(turn->clients, turn->rows);
    for (std::size_t k = 0; k < group.size(); ++k)
      if (!turn->finite[k])
        cohort.fate_of(group[k]) = Fate::not_finite;
      else if (beyond[k])
        cohort.fate_of(group[k]) = Fate::beyond_bound;
    const auto of_group = turn_records(*turn);
    records.insert(records.end(), of_group.begin(), of_group.end());
  }
  return records;
}

void Simulation::examine(const TurnOutcome& turn) {
  const InPhase evaluation(communicator_.ledger(), Phase::evaluation);
  const Stopwatch watch;
  const Parameters& trained = workshop_.group(std::int64_t(turn.clients.size())).parameters();
  for (const auto& exam : exams_) exam->turn_ended(turn.clients, turn.finite, trained);
  examined_seconds_ += watch.seconds();
}

void Simulation::discard_round() {
  store_.discard();
  communicator_.ledger().replay(server_.round);
  report_ledger();
  tell([&](Observer& observer) {
    observer.happened(
        {server_.round, "interrupted", text("a signal ended the run; round ", server_.round, " is discarded.")});
  });
}

std::vector<RankReport> Simulation::gathered(const RankReport& mine, std::size_t most_clients) {
  const InPhase message(communicator_.ledger(), Phase::small_message);
  return gather_reports(mine, most_clients, workshop_.learner.diagnostics().size(), communicator_);
}

void Simulation::report_ledger() {
  const std::vector<RankReport> reports = gathered({communicator_.ledger().take(), {}}, 0);
  tell([&](Observer& observer) { observer.transported(spent_records(reports), transport_records(reports)); });
}

Sums Simulation::summed(const Cohort& cohort, std::size_t dropped) {
  const InPhase sum(communicator_.ledger(), Phase::sum);
  Sums sums = aggregation_.close(std::int64_t(cohort.clients.size() - dropped), cohort.weight(), communicator_);
  sums.population = workshop_.partition.clients();
  return sums;
}

void Simulation::take_server_step(const Sums& sums) {
  const InPhase step(communicator_.ledger(), Phase::server);
  const Tensor former = server_.global.clone();  // a strategy may change it in place
  workshop_.strategy.aggregate(server_, sums);
  server_.last_update = server_.global - former;
  if (server_.statistics.defined()) server_.statistics = server_.statistics + sums.statistics;
}

void Simulation::refuse_nonfinite(const Cohort& cohort) {
  const std::vector<ClientId> refused = cohort.with(Fate::not_finite);
  if (refused.empty() || workshop_.experiment.training.nonfinite == "drop") return;
  throw SharedError(text("the update of client ", refused.front(), others(refused.size()), " in round ", server_.round,
                         " is not finite; use a smaller optimiser.learning_rate, or training.nonfinite = \"drop\"."));
}

bool Simulation::widen_bounds(const Cohort& cohort, const Verdict& verdict) {
  const std::vector<std::string> wider = aggregation_.widen(verdict.exponents);
  if (wider.empty()) return false;
  const std::vector<ClientId> beyond = cohort.with(Fate::beyond_bound);
  tell([&](Observer& observer) {
    observer.happened(
        {server_.round, "replayed",
         text("round ", server_.round, " is played again: what client ", beyond.front(), others(beyond.size()),
              " sent is beyond the bound of ", wider.front(), others(wider.size()), ", which is wider from now on.")});
  });
  return true;
}

void Simulation::learn_costs(const Placement& placement, const std::vector<RankReport>& reports) {
  const InPhase message(communicator_.ledger(), Phase::small_message);
  std::unordered_map<ClientId, std::size_t> group_of;
  for (std::size_t g = 0; g < placement.groups().size(); ++g)
    for (const ClientId client : placement.groups()[g]) group_of[client] = g;
  std::vector<double> seconds(placement.groups().size(), 0);
  for (const RankReport& report : reports)
    for (const TurnRecord& turn : report.turns) seconds[group_of.at(turn.client)] += turn.seconds;
  if (communicator_.root()) costs_.observe(placement, seconds);
  costs_.share(communicator_);
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

bool Simulation::evaluated_after(std::int64_t rounds) const {
  const auto& options = workshop_.experiment;
  return rounds == options.training.rounds || rounds % options.evaluation.every == 0;
}

void Simulation::evaluate(bool frozen) {
  const Range range("evaluation");
  const InPhase evaluation(communicator_.ledger(), Phase::evaluation);
  std::vector<Score> scores;
  for (const auto& exam : exams_) {
    if (exam->frozen() != frozen) continue;
    const std::vector<Score> found = exam->take(server_, clients_);
    scores.insert(scores.end(), found.begin(), found.end());
  }
  tell([&](Observer& observer) { observer.evaluated(scores); });
  if (!selection_.look(server_, scores)) return;
  const SelectionRecord best{selection_.best()->round, selection_.best()->accuracy};
  tell([&](Observer& observer) { observer.selected(best); });
}

void Simulation::save() {
  const InPhase checkpoint(communicator_.ledger(), Phase::checkpoint);
  const State state{server_, aggregation_.bounds(), store_.collect(communicator_), selection_.best()};
  if (communicator_.root()) save_(state);
}

std::vector<std::pair<std::string, Tensor>> Simulation::shared() const {
  const Tensor kept = selection_.best() ? selection_.best()->shared : server_.parameters();
  std::vector<std::pair<std::string, Tensor>> named;
  for (const auto& entry : workshop_.learner.layout().entries(Owner::shared))
    named.emplace_back(entry.name, Layout::view(kept, entry));
  return named;
}

}  // namespace fedorbit
