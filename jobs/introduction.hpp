// What a run says of itself before its first round: to its results file, and on the terminal.
#pragma once
#include <string>
#include <vector>

#include "federation/observer.hpp"
#include "jobs/opened_run.hpp"

namespace fedorbit {

/// Collective. All of the record but its clients, and what is only known when features are there.
RunRecord record_of(const Experiment& experiment, const OpenedRun& opened, const std::string& options_toml,
                    Communicator& communicator);

/// At the root: the run and its clients in a few lines.
void introduce(const Experiment& experiment, const OpenedRun& opened, const RunRecord& record, at::Device device,
               int ranks, bool verbose);

/// Which options of the method do nothing in this run: a warning each.
std::vector<EventRecord> idle_options(const Experiment& experiment, const Parts& parts, const RunRecord& record);

}  // namespace fedorbit
