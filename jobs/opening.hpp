// What several subcommands open before they begin: the machine, the place to write to, lists of words.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "comm/communicator.hpp"
#include "federation/experiment.hpp"

namespace fedorbit {

constexpr int resumable = 75;  // EX_TEMPFAIL: run the same command again to go on

/// The device of this rank; makes arithmetic on it repeatable.
at::Device prepare_machine(const MachineOptions& options, const Communicator& communicator);

/// How this rank reads images ahead: as the options say it, or as many threads as its share of the node's cores leaves
/// beside its arithmetic; none where the HDF5 library must not be used by several.
ReadingOptions reading_of(const MachineOptions& options, const Communicator& communicator);

/// Throws where `output` is a folder, one of the inputs, a run's results, or a file that is there and has not this
/// `filetype` (safetensors: "format"): what is about to be written must not take the place of something else.
void require_output(const std::filesystem::path& output, const std::string& filetype,
                    std::initializer_list<std::filesystem::path> inputs);

/// The same of a results file that `command` writes: it takes the place of an earlier one of that command alone.
void require_results_output(const std::filesystem::path& output, const std::string& command,
                            std::initializer_list<std::filesystem::path> inputs);

/// The lines of a text file without the white space around them; empty ones are left out. Throws where none is left.
std::vector<std::string> read_lines(const std::filesystem::path& file);
/// Lines that name classes: none stands twice.
std::vector<std::string> read_names(const std::filesystem::path& file);

}  // namespace fedorbit
