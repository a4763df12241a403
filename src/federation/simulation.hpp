// The round loop of a federation. There is no other.
#pragma once
#include <csignal>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "comm/communicator.hpp"
#include "evaluation/exam.hpp"
#include "federation/aggregation.hpp"
#include "federation/announcer.hpp"
#include "federation/arrive.hpp"
#include "federation/client_store.hpp"
#include "federation/cost_model.hpp"
#include "federation/schedule.hpp"
#include "federation/selection.hpp"
#include "federation/turn.hpp"
#include "federation/versions.hpp"

namespace fedorbit {

/// The committed state after some round: what a checkpoint holds.
struct State {
  Server server;
  Tensor bounds;       // see Aggregation::bounds
  ClientRows clients;  // with a visit at the root
  std::optional<Selected> selected{};
  std::map<std::int64_t, Tensor> versions{};  // older shared parameters (P + S) that clients train from, by rounds done
  Mirror::Contents mirror{};
};

enum class Ending { finished, interrupted };

/// Rounds as transactions: what clients trained counts only when the round is committed on all ranks. Every rank runs
/// the same code in the same order; only the root has observers.
class Simulation {
 public:
  /// The exams are taken in their order: those that are frozen before the first round, the others then too, every
  /// evaluation.every rounds and after the last. `observers` are told of committed rounds. `save` is called at the root
  /// with a committed state, every checkpoint.every rounds and when the run is interrupted; it visits the clients'
  /// rows, once, which come from all ranks meanwhile. What a rank keeps of its clients lies in `room`.
  Simulation(Workshop& workshop, Communicator& communicator, std::vector<std::unique_ptr<Exam>> exams,
             std::vector<Observer*> observers, std::function<void(const State&)> save, RowShelf::Room room = {});

  /// Goes on from a state; without one the learner's initial parameters are the first.
  void restore(const State& state);
  /// Runs all rounds that are left; not after restore(), the exams before the first.
  /// A non-zero `signal` on any rank ends the run before the round in hand counts.
  Ending run(const volatile std::sig_atomic_t& signal);

  const Server& server() const { return server_; }
  /// The shared tensors by name: those that were selected, or those of the last round.
  std::vector<std::pair<std::string, Tensor>> shared() const;
  const std::optional<Selected>& selected() const { return selection_.best(); }

 private:
  /// Nothing: the round was interrupted and discarded.
  std::optional<RoundRecord> play_round(const volatile std::sig_atomic_t& signal);
  /// Of the last round, those that are under way after it are lost, too.
  Plan next_plan();
  /// This rank's turns: each update is folded when its turn ends. What became of its clients is put down in the cohort.
  std::vector<TurnRecord> train(const Plan& plan, const Placement& placement, Cohort& cohort,
                                const volatile std::sig_atomic_t& signal);
  /// What the server computes of the models that it decoded, if anything: `begun` is what the turn began from.
  void inspect(const Server& begun, TurnOutcome& turn);
  /// The exams see what a group holds that has just trained here.
  void examine(const TurnOutcome& turn);
  void discard_round();
  /// Collective: what came of all clients but so many that were dropped.
  Sums summed(const Cohort& cohort, std::size_t dropped);
  /// Of all whose update is finite.
  std::int64_t weight_of(const Cohort& cohort) const;
  /// The norm of the step of the weights.
  double take_server_step(const Sums& sums);
  /// Collective: what the server makes of its weights on public images. Processors may differ in the bits of what they
  /// train, so one does it for all.
  Tensor trained_at_root(const Sums& sums);
  /// Before the server's step: puts down what clients were sent. The bytes of those whose reports do not count.
  std::vector<std::int64_t> bill_downloads(const Plan& plan, RoundRecord& record);
  /// Before the server's step, too: what clients hold from now on, where that is not what the server has.
  void mirror_downloads(const Plan& plan);
  /// At the root: to whom the messages of a round went.
  void note_sent(const Plan& plan);
  void refuse_nonfinite(const Cohort& cohort);
  /// Whether a value was beyond its bound, which is wider from now on: the round is to be played again.
  bool widen_bounds(const Cohort& cohort, const Verdict& verdict);
  /// Collective: the cost model hears, at the root, what the round's groups took.
  void learn_costs(const Placement& placement, const std::vector<RankReport>& reports);
  /// Whether exams are taken after so many rounds.
  bool evaluated_after(std::int64_t rounds) const;
  void evaluate(bool frozen);
  void save();

  Workshop& workshop_;
  Communicator& communicator_;
  Announcer announcer_;
  std::function<void(const State&)> save_;
  Aggregation aggregation_;
  CostModel costs_;
  Server server_;
  Mirror mirror_;
  Versions versions_;
  std::unique_ptr<Schedule> schedule_;
  ClientStore store_;
  ArrivingClients clients_;
  std::vector<std::unique_ptr<Exam>> exams_;
  Selection selection_;
  bool restored_ = false;
};

}  // namespace fedorbit
