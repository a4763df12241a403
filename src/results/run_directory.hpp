// The folder of one run: its resolved options, log, results, checkpoints and trained model.
#pragma once
#include <filesystem>
#include <string>

#include "results/recorder.hpp"

namespace fedorbit {

class RunDirectory {
 public:
  /// What the folder holds already.
  enum class Holding { nothing, checkpoint, results };

  explicit RunDirectory(std::filesystem::path folder) : folder_(std::move(folder)) {}
  RunDirectory(const RunDirectory&) = delete;
  RunDirectory& operator=(const RunDirectory&) = delete;
  ~RunDirectory();

  /// At the root: makes the folder, or takes over one that holds the same experiment; with `restart` what it holds does
  /// not matter. Nothing is changed yet but the log. Throws where it holds another experiment or a config.toml that is
  /// no run's, cannot be written, or another run is at work in it, and where an option names a file of the folder that
  /// a run writes anew. The folder is this run's as long as this object
  /// lives.
  Holding open(const std::string& options_toml, bool restart);
  /// At the root, when everything else is known to be well: a run that starts anew removes what another left.
  void begin(const std::string& options_toml);
  /// At the root, when the results have their final name: removes what only a run at work needs.
  void finish();

  std::filesystem::path options() const { return folder_ / "config.toml"; }
  std::filesystem::path split() const { return folder_ / "split.csv"; }
  std::filesystem::path log() const { return folder_ / "log.txt"; }
  std::filesystem::path results() const { return folder_ / "results.h5"; }
  std::filesystem::path journal() const { return Recorder::journal_of(results()); }
  std::filesystem::path checkpoint() const { return folder_ / "checkpoint.h5"; }
  std::filesystem::path model() const { return folder_ / "model.safetensors"; }
  const std::filesystem::path& path() const { return folder_; }

 private:
  void lock();
  /// Whether results or a checkpoint there came from the config.toml beside them.
  bool of_these_options() const;

  std::filesystem::path folder_;
  int lock_ = -1;  // the open file that is locked
};

}  // namespace fedorbit
