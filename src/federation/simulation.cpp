#include "federation/simulation.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "algorithms/row_norm.hpp"
#include "core/clock.hpp"
#include "core/error.hpp"
#include "federation/cohort.hpp"
#include "federation/fleet.hpp"
#include "federation/inspection.hpp"
#include "federation/round_record.hpp"
#include "federation/staleness.hpp"
#include "machine/range.hpp"

namespace fedorbit {

Simulation::Simulation(Workshop& workshop, Communicator& communicator, std::vector<std::unique_ptr<Exam>> exams,
                       std::vector<Observer*> observers, std::function<void(const State&)> save, RowShelf::Room room)
    : workshop_(workshop),
      communicator_(communicator),
      announcer_(std::move(observers), workshop.learner.diagnostics(), communicator),
      save_(std::move(save)),
      aggregation_(workshop.learner.layout(), workshop.strategy, workshop.experiment.training.aggregation),
      costs_([&workshop](ClientId client) {
        return workshop.experiment.training.local_steps(workshop.images(client)).all;
      }),
      versions_(workshop, server_, mirror_),
      schedule_(schedule_of(workshop)),
      store_(workshop.row_length(), std::move(room)),
      clients_(workshop, versions_, store_, costs_, communicator),
      exams_(std::move(exams)),
      selection_(workshop.experiment.evaluation.select) {
  Parameters initial(workshop.learner.layout(), 1);
  const ClientId nobody = 0;
  workshop.learner.initialise(initial, Owner::shared, std::span(&nobody, 1), workshop.keys);
  server_.global = initial.weights(Owner::shared)[0].clone();
  if (workshop.learner.layout().statistics(Owner::shared) > 0)
    server_.statistics = initial.statistics(Owner::shared)[0].clone();
  for (const auto& [name, length] : workshop.strategy.server_memories(workshop.learner.layout()))
    server_.memory[name] = at::zeros({length}, at::kFloat);
}

void Simulation::restore(const State& state) {
  require(
      !communicator_.root() ||
          (state.server.parameters().sizes() == server_.parameters().sizes() &&
           state.server.global.sizes() == server_.global.sizes() && state.clients.length == workshop_.row_length()),
      "the checkpoint's parameters are not of this method's sizes: it is another program version's; pass --restart to "
      "begin anew.");
  server_ = state.server;
  aggregation_.restore(state.bounds);
  if (communicator_.root()) store_.restore(state.clients);
  selection_.restore(state.selected);
  versions_.restore(state.versions);
  mirror_.restore(state.mirror);
  for (std::int64_t round = 0; round < server_.round; ++round) note_sent(schedule_->next());
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
    const Stopwatch watch;
    std::optional<RoundRecord> record = play_round(signal);
    if (!record) {
      save();
      return Ending::interrupted;
    }
    const bool last = server_.round == options.training.rounds;
    if (evaluated_after(server_.round)) evaluate(false);
    record->total_seconds = watch.seconds();
    announcer_.tell([&](Observer& observer) { observer.round_committed(*record); });
    if (last || server_.round % options.checkpoint.every == 0) save();
  }
  announcer_.spent(announcer_.report({}, 0));
  return Ending::finished;
}

std::optional<RoundRecord> Simulation::play_round(const volatile std::sig_atomic_t& signal) {
  const Range range("round");
  const auto& options = workshop_.experiment.training;
  const Plan plan = next_plan();
  Cohort cohort{plan.reports};
  {
    const InPhase message(communicator_.ledger(), Phase::small_message);
    workshop_.count_images(plan.clients(), communicator_);
  }
  const std::int64_t together = clients_together(workshop_.experiment, workshop_.learner, workshop_.batches.device(),
                                                 cohort.size(), communicator_.size());
  const Placement placement = costs_.place(plan.groups(together), communicator_.size());
  Ledger& ledger = communicator_.ledger();
  {
    const InPhase exchange(ledger, Phase::exchange);
    store_.gather_at(placement, communicator_);
  }

  // An attempt that is played again leaves no trace: what clients keep is as it was until the round is committed, and
  // what they sent counts once.
  std::vector<TurnRecord> turns;
  Verdict verdict;
  for (;;) {
    store_.discard();
    cohort.fates.assign(plan.reports.size(), Fate::counted);
    aggregation_.begin(server_.parameters(), cohort.size(), weight_of(cohort));
    turns = train(plan, placement, cohort, signal);
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

  const std::vector<RankReport> reports = announcer_.report(std::move(turns), placement.most_clients());
  const std::vector<ClientId> dropped = cohort.with(Fate::not_finite);
  const Sums sums = summed(cohort, dropped.size());
  RoundRecord record = round_record(server_.round, cohort, reports, workshop_);
  const std::vector<std::int64_t> lost_bytes = bill_downloads(plan, record);
  mirror_downloads(plan);

  // From here on nothing can fail on one rank alone: the round is committed.
  versions_.end(plan.oldest_version);
  record.update_norm = take_server_step(sums);
  store_.commit(dropped);
  ++server_.round;
  for (const ClientId client : dropped) announcer_.happened(fedorbit::dropped(server_.round - 1, client));
  // Sums that depend on their order shall not depend on the clock.
  if (options.aggregation == "exact") learn_costs(placement, reports);

  if (!plan.counted.empty()) announcer_.scheduled(plan, record, lost_bytes);
  announcer_.spent(reports);
  announcer_.placed(placement, record.round);
  for (const std::string& sentence : workshop_.learner.warnings(announcer_.means(record)))
    announcer_.happened({record.round, "warning", sentence});
  return record;
}

Plan Simulation::next_plan() {
  Plan plan = schedule_->next();
  if (server_.round + 1 < workshop_.experiment.training.rounds) return plan;
  // Nobody waits for those that train beyond the end, but they were sent the model.
  for (Visit& visit : plan.under_way) visit.outcome = Outcome::unfinished;
  std::ranges::move(plan.under_way, std::back_inserter(plan.lost));
  return plan;
}

std::vector<TurnRecord> Simulation::train(const Plan& plan, const Placement& placement, Cohort& cohort,
                                          const volatile std::sig_atomic_t& signal) {
  const InPhase training(communicator_.ledger(), Phase::training);
  const bool examined = evaluated_after(server_.round + 1);
  std::vector<TurnRecord> records;
  const std::vector<std::vector<ClientId>> groups = placement.of_rank(communicator_.rank());
  std::optional<OpenedTurn> next;
  const auto open = [&](std::size_t g) {
    if (!next && g < groups.size()) next = open_turn(workshop_, groups[g], plan.version_of(groups[g].front()));
  };
  for (std::size_t g = 0; g < groups.size(); ++g) {
    const auto& group = groups[g];
    open(g);
    const OpenedTurn opened = *std::exchange(next, std::nullopt);
    const Server& begun = versions_.server(plan.version_of(group.front()));
    auto turn = take_turn(workshop_, begun, versions_.downloads(begun.round), group, store_, signal, opened,
                          [&] { open(g + 1); });
    if (!turn) break;
    inspect(begun, *turn);
    if (examined) examine(*turn);
    age(*turn, begun, server_, workshop_.experiment.schedule);
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

void Simulation::inspect(const Server& begun, TurnOutcome& turn) {
  if (workshop_.public_images.empty()) return;
  const InPhase server(communicator_.ledger(), Phase::server);
  fedorbit::inspect(workshop_, versions_.downloads(begun.round).of(turn.clients).shared, turn);
}

void Simulation::examine(const TurnOutcome& turn) {
  const InPhase evaluation(communicator_.ledger(), Phase::evaluation);
  const Parameters& trained = workshop_.group(std::int64_t(turn.clients.size())).parameters();
  for (const auto& exam : exams_) exam->turn_ended(turn.clients, turn.finite, trained);
}

void Simulation::discard_round() {
  store_.discard();
  communicator_.ledger().replay(server_.round);
  announcer_.spent(announcer_.report({}, 0));
  announcer_.happened(interrupted(server_.round));
}

Sums Simulation::summed(const Cohort& cohort, std::size_t dropped) {
  const InPhase sum(communicator_.ledger(), Phase::sum);
  Sums sums = aggregation_.close(cohort.size() - std::int64_t(dropped), weight_of(cohort), communicator_);
  sums.population = workshop_.partition.clients();
  return sums;
}

std::int64_t Simulation::weight_of(const Cohort& cohort) const {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < cohort.reports.size(); ++i)
    if (cohort.fates[i] != Fate::not_finite) sum += workshop_.weight(cohort.reports[i].client);
  return sum;
}

double Simulation::take_server_step(const Sums& sums) {
  const InPhase step(communicator_.ledger(), Phase::server);
  const Tensor former = server_.global;
  const auto version = former._version();
  workshop_.strategy.aggregate(server_, sums);
  require(former._version() == version, "the strategy ", workshop_.experiment.method.strategy,
          " changed the server's parameters in place, which were handed out: see Strategy::aggregate.");
  if (server_.statistics.defined()) server_.statistics = server_.statistics + sums.statistics;
  if (!workshop_.public_images.empty() && sums.weight > 0) server_.global = trained_at_root(sums);
  return distance(server_.global, former);
}

Tensor Simulation::trained_at_root(const Sums& sums) {
  Tensor weights = server_.global;
  if (communicator_.root())
    weights = workshop_.strategy.train_server(server_, sums, workshop_.learner, workshop_.public_images);
  Tensor moved = weights.to(communicator_.device(), at::kFloat, /*non_blocking=*/false, /*copy=*/true);
  communicator_.broadcast(moved);
  return moved.to(at::kCPU);
}

std::vector<std::int64_t> Simulation::bill_downloads(const Plan& plan, RoundRecord& record) {
  std::vector<std::int64_t> lost_bytes;
  if (!communicator_.root()) return lost_bytes;
  const auto bytes = [&](const Report& report) {
    const FederatedBytes billed = versions_.downloads(report.version).bytes(report.client);
    if (!workshop_.download_codec.lossless()) mirror_.sent(report);  // called again, it has the message
    return billed;
  };
  for (const Visit& visit : plan.lost) lost_bytes.push_back(bytes(visit).total());
  for (std::size_t i = 0; i < plan.reports.size(); ++i) record.turns[i].download = bytes(plan.reports[i]);
  record.lost_download_bytes = std::accumulate(lost_bytes.begin(), lost_bytes.end(), std::int64_t{0});
  return lost_bytes;
}

void Simulation::mirror_downloads(const Plan& plan) {
  if (workshop_.download_codec.lossless()) return;
  versions_.downloads(server_.round).commit(mirror_);
}

void Simulation::note_sent(const Plan& plan) {
  if (workshop_.download_codec.lossless() || !communicator_.root()) return;
  for (const Visit& visit : plan.lost) mirror_.sent(visit);
  for (const Report& report : plan.reports) mirror_.sent(report);
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
  announcer_.happened(replayed(server_.round, cohort.with(Fate::beyond_bound), wider));
  return true;
}

void Simulation::learn_costs(const Placement& placement, const std::vector<RankReport>& reports) {
  const InPhase message(communicator_.ledger(), Phase::small_message);
  if (communicator_.root()) costs_.observe(placement, seconds_of_groups(placement, reports));
  costs_.share(communicator_);
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
  announcer_.tell([&](Observer& observer) { observer.evaluated(scores); });
  announcer_.warn_of_losses(scores, server_.round);
  if (!selection_.look(server_, scores)) return;
  const SelectionRecord best{selection_.best()->round, selection_.best()->accuracy};
  announcer_.tell([&](Observer& observer) { observer.selected(best); });
}

void Simulation::save() {
  const InPhase checkpoint(communicator_.ledger(), Phase::checkpoint);
  const State state{server_,           aggregation_.bounds(), store_.everything(communicator_),
                    selection_.best(), versions_.kept(),      mirror_.contents()};
  if (communicator_.root())
    save_(state);
  else
    state.clients.visit([](const Tensor&) {});  // it sends what it has
}

std::vector<std::pair<std::string, Tensor>> Simulation::shared() const {
  const Tensor kept = selection_.best() ? selection_.best()->shared : server_.parameters();
  std::vector<std::pair<std::string, Tensor>> named;
  for (const auto& entry : workshop_.learner.layout().entries(Owner::shared))
    named.emplace_back(entry.name, Layout::view(kept, entry));
  return named;
}

}  // namespace fedorbit
