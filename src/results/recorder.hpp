// Writes a run into its one results file while the run goes on.
#pragma once
#include <filesystem>
#include <optional>

#include "federation/observer.hpp"
#include "io/h5.hpp"
#include "results/table.hpp"

namespace fedorbit {

/// The file grows under the name path + ".part", readable by others all the time (HDF5's single writer, multiple
/// readers), and has its final name when the run has finished. Whatever cannot be written is an Error; what the file
/// held before stays.
class Recorder final : public Observer {
 public:
  /// A new file; made when the run starts.
  explicit Recorder(std::filesystem::path path);
  /// Goes on with the file of a run that was killed or stopped, after `rounds_done` committed rounds: what it holds of
  /// later ones is dropped, events are kept, the open-for-write mark is cleared.
  Recorder(std::filesystem::path path, std::int64_t rounds_done);

  void started(const RunRecord& run) override;
  void round_committed(const RoundRecord& round) override;
  void evaluated(const std::vector<Score>& scores) override;
  void confused(const std::vector<Confusion>& confusions) override;
  void templates_evaluated(const std::vector<TemplateRecord>& scores) override;
  void transported(const std::vector<TransportRecord>& ledger) override;
  void placed(const std::vector<PlacementRecord>& ranks) override;
  void happened(const EventRecord& event) override;
  void finished(const std::vector<std::pair<std::string, Tensor>>& shared) override;
  /// Until the disk has all of it: before a checkpoint that counts on it.
  void keep();

 private:
  /// The tables that grow while the run goes on.
  struct Growing {
    Table rounds, turns, scores, confusions, templates, transport, placement, events;
  };

  template <class Action>
  void each_table(Action action);
  void create(const RunRecord& run);
  void go_on(const RunRecord& run);

  std::filesystem::path path_, part_;
  std::optional<std::int64_t> rounds_done_;  // of the run that is gone on with
  std::optional<h5::File> file_;
  std::optional<Growing> tables_;  // after the file, for its datasets close first
};

}  // namespace fedorbit
