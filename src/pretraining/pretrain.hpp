// Pre-training: a small CLIP from labelled images, data-parallel over ranks.
#pragma once
#include <filesystem>

#include "comm/communicator.hpp"
#include "pretraining/options.hpp"

namespace fedorbit {

/// Collective. Trains a CLIP with the contrastive loss over captions of class names and synonyms, and writes it to
/// `output`; a checkpoint lies beside it (.checkpoint) until then, one epoch old at most. Logs a line an epoch. The
/// weights are the same up to rounding on any number of ranks. Throws for options that do not fit together, data that
/// cannot be read, an output that cannot be written, and a loss that is no longer finite.
void pretrain(const PretrainOptions& options, const std::filesystem::path& output, Communicator& communicator);

}  // namespace fedorbit
