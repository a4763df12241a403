// Who watches a run at the root: its results file, its lines on the terminal, its event log, the machine.
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "results/event_log.hpp"
#include "results/machine_events.hpp"
#include "results/progress.hpp"
#include "results/recorder.hpp"
#include "results/resume.hpp"

namespace fedorbit {

class Watchers {
 public:
  /// Of a run of `rounds` rounds that begins, or goes on from `restart`; none has been told anything yet.
  Watchers(const std::filesystem::path& results, const std::optional<Restart>& restart, std::int64_t rounds,
           Communicator& communicator)
      : recorder_(restart ? Recorder(results, restart->checkpoint.recorded) : Recorder(results)),
        progress_(rounds),
        machine_(communicator, all_) {}
  Watchers(const Watchers&) = delete;
  Watchers& operator=(const Watchers&) = delete;

  void started(const RunRecord& record) {
    for (Observer* observer : all_) observer->started(record);
  }
  void happened(const std::vector<EventRecord>& events) {
    for (const EventRecord& event : events)
      for (Observer* observer : all_) observer->happened(event);
  }
  void finished(const std::vector<std::pair<std::string, Tensor>>& shared) {
    for (Observer* observer : all_) observer->finished(shared);
  }
  /// Who is told of every round. The machine is looked at last.
  std::vector<Observer*> of_rounds() {
    std::vector<Observer*> all = all_;
    all.push_back(&machine_);
    return all;
  }
  /// What has been recorded is on the disk when this returns: where that ends.
  Journal::Mark keep() { return recorder_.keep(); }

 private:
  Recorder recorder_;
  Progress progress_;
  EventLog events_;
  std::vector<Observer*> all_{&recorder_, &progress_, &events_};
  MachineEvents machine_;  // tells the others
};

}  // namespace fedorbit
