// The data set that the options of a subcommand name.
#pragma once
#include <string>

#include "comm/communicator.hpp"
#include "data/dataset.hpp"

namespace fedorbit {

/// The file of that path, or synthetic scenes where it is empty; the same on every rank.
Dataset open_data(const std::string& path, const SyntheticOptions& scenes, Communicator& communicator);

}  // namespace fedorbit
