// What a killed pre-training goes on from: weights and optimiser after a number of epochs.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>

#include "comm/communicator.hpp"
#include "pretraining/weights.hpp"

namespace fedorbit {

/// At the root: takes the file's place when all is written. `identity` says what is being trained: options, data,
/// build.
void save_pretraining(const std::filesystem::path& file, const std::string& identity, std::int64_t epochs_done,
                      const TrainedWeights& weights);

/// Collective: the weights on every rank are those of the root's file. Returns how many epochs they have seen; 0, with
/// the weights as they were, where there is no file. Throws where it is damaged or of another identity.
std::int64_t resume_pretraining(const std::filesystem::path& file, const std::string& identity, TrainedWeights& weights,
                                Communicator& communicator);

}  // namespace fedorbit
