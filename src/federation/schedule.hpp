// Who takes part in a round, from which version of the model, and whose report counts: known before the round trains,
// from lengths of messages, numbers of steps and the speeds of links and devices, never from this machine's clock.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/client_id.hpp"
#include "core/keys.hpp"
#include "core/options.hpp"
#include "federation/availability.hpp"
#include "federation/cohort.hpp"
#include "federation/links.hpp"

namespace fedorbit {

struct ScheduleOptions {
  std::string kind = "rounds", availability, stale = "update";
  double availability_period = 0, invited = 1, deadline = 0, dropout = 0, window = 0, staleness_exponent = 0.5;
  std::int64_t buffer = 10, concurrency = 0;
  void fields(OptionList& v);
  bool asynchronous() const { return kind != "rounds"; }
  /// Whether it cannot do without the seconds of links and devices.
  bool needs_links() const { return asynchronous() || !availability.empty() || invited > 1 || deadline > 0; }
};

/// Whether a run has seconds of links and devices: its schedule needs them, or they are said.
inline bool timed(const ScheduleOptions& schedule, const LinkOptions& links) {
  return schedule.needs_links() || links.step_seconds > 0;
}

/// What became of a client that was sent the model.
enum class Outcome : std::int64_t {
  counted,
  late,        // its report came when the round had ended
  left,        // it went away before it had sent its report
  dropped,     // it never sent one (schedule.dropout)
  unfinished,  // the run ended first
};

/// A client that is sent the model.
struct Visit : Report {
  Outcome outcome = Outcome::counted;
  double start = 0;  // virtual seconds since the run began
  Trip trip{};
  double end() const { return start + trip.seconds(); }
};

/// What becomes of a client that is sent the model at visit.start, the end of a round apart: `drops`, or it leaves.
Visit foreseen(Visit visit, bool drops, const Availability& availability);

/// One round.
struct Plan {
  std::vector<Report> reports{};    // those that count, ascending by client, of which each is there once
  std::vector<Visit> counted{};     // theirs; none where nothing goes by seconds and nobody drops out
  std::vector<Visit> lost{};        // the others that ended in this round, in the order of their ends
  std::vector<Visit> under_way{};   // those that still train after it
  bool timed = false;               // whether it goes by virtual seconds
  double start = 0, end = 0;        // those
  std::int64_t oldest_version = 0;  // of those that are under way after it

  /// The reports are those of `visits`.
  void count(std::vector<Visit> visits);
  /// Whose reports count, ascending.
  std::vector<ClientId> clients() const;
  /// Of one of them.
  std::int64_t version_of(ClientId client) const;
  /// Those whose reports count, in groups of at most `size` that began with the same model.
  std::vector<std::vector<ClientId>> groups(std::int64_t size) const;
};

/// Whom a schedule plans for.
struct Fleet {
  std::int64_t clients, cohort;  // all, and how many a round has (training.participation)
  std::function<Errand(ClientId)> errand;
};

class Schedule {
 public:
  virtual ~Schedule() = default;
  /// The plan of the next round, from the first on. A run that goes on asks again for those it has. Throws a
  /// SharedError where nobody will ever report.
  virtual Plan next() = 0;
};

/// `keys` are those of the run. Throws where options do not go together, or links lack what the schedule goes by.
std::unique_ptr<Schedule> make_schedule(const ScheduleOptions& options, const LinkOptions& links, Fleet fleet,
                                        const Keys& keys);

}  // namespace fedorbit
