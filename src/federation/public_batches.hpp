// The server's public images, in the batches that it looks at in every round: read once, before the first.
#pragma once
#include "federation/assemble.hpp"

namespace fedorbit {

/// Throws where the strategy looks at public images and `there` are too few of them; `where` they come from.
void require_public_images(const Strategy& strategy, std::int64_t there, const std::string& where);

/// None where the strategy looks at none. Otherwise of these images of the source as many as it wants, drawn by the
/// experiment's seed, without labels, as the learner's encoder sees what it is judged by. Throws where an image cannot
/// be read, and where the encoder has nothing that could be trained.
std::vector<Batch> public_batches(const Parts& parts, const Batches& source, std::vector<std::int64_t> images);

}  // namespace fedorbit
