// Writes a run into its one results file while the run goes on.
#pragma once
#include <filesystem>
#include <optional>
#include <vector>

#include "federation/observer.hpp"
#include "io/h5.hpp"
#include "results/journal.hpp"
#include "results/table.hpp"

namespace fedorbit {

/// The file grows under the name path + ".part", readable by others all the time (HDF5's single writer, multiple
/// readers), and has its final name when the run has finished. What a kill leaves of it is not built on: all of it
/// stands in a journal beside it (path + ".journal"), too, from which it is made anew. Whatever cannot be written is an
/// Error; what was kept before stays.
class Recorder final : public Observer {
 public:
  /// A new file; made when the run starts.
  explicit Recorder(std::filesystem::path path);
  /// Goes on with what a run had recorded that was killed or stopped: what came after `kept` is dropped, but for
  /// events.
  Recorder(std::filesystem::path path, Journal::Mark kept);

  void started(const RunRecord& run) override;
  void round_committed(const RoundRecord& round) override;
  void evaluated(const std::vector<Score>& scores) override;
  void selected(const SelectionRecord& selection) override;
  void confused(const std::vector<Confusion>& confusions) override;
  void templates_evaluated(const std::vector<TemplateRecord>& scores) override;
  void transported(const std::vector<SpentRecord>& phases, const std::vector<TransportRecord>& ledger) override;
  void placed(const std::vector<PlacementRecord>& ranks) override;
  void scheduled(const std::vector<VirtualTurn>& turns, const std::vector<VirtualRound>& rounds) override;
  void happened(const EventRecord& event) override;
  void finished(const std::vector<std::pair<std::string, Tensor>>& shared) override;
  /// Until the disk has all of it: before a checkpoint that counts on it, and is to hold the mark.
  Journal::Mark keep() { return journal_->keep(); }

  /// Where the journal of the results file `path` lies.
  static std::filesystem::path journal_of(std::filesystem::path path) { return path += ".journal"; }
  /// All that lies beside it while it is written, and that a failure leaves there to go on from.
  static std::vector<std::filesystem::path> working_files(const std::filesystem::path& path);

 private:
  /// The tables that grow while the run goes on.
  struct Growing {
    Table rounds, turns, scores, selections, confusions, templates, phases, transport, placement, virtual_turns,
        virtual_rounds, events;
  };

  template <class Action>
  void each_table(Action action);
  void begin(const RunRecord& run);
  void require_same_run(const RunRecord& run);
  h5::File file_from_journal(const std::filesystem::path& path);
  void append(Table& table);
  void flush();

  std::filesystem::path path_, part_;
  std::optional<Journal::Mark> kept_;  // of the run that is gone on with
  std::vector<schema::Table> schema_;  // of all tables
  std::optional<Journal> journal_;
  std::optional<h5::File> file_;
  std::optional<Growing> tables_;  // after the file, for its datasets close first
};

}  // namespace fedorbit
