#include "federation/public_batches.hpp"

#include "core/error.hpp"

namespace fedorbit {

void require_public_images(const Strategy& strategy, std::int64_t there, const std::string& where) {
  const auto [count, size] = strategy.public_batches();
  require(there >= count * size, "the server's distillation takes ", count, " batches of ", size,
          " public images, and ", where, " has ", there, ": name or set aside more, or take fewer or smaller batches.");
}

std::vector<Batch> public_batches(const Parts& parts, const Batches& source, std::vector<std::int64_t> images) {
  const auto [count, size] = parts.strategy->public_batches();
  if (count == 0) return {};
  parts.keys.stream(Purpose::split, 2).shuffle(std::span(images));
  std::vector<Picks> picks;
  for (std::int64_t batch = 0; batch < count; ++batch)
    picks.push_back(picked(std::span(images).subspan(std::size_t(batch * size), std::size_t(size))));
  Encoder& encoder = *parts.learner->encoder();
  Needs needs = encoder.needs_to_encode();
  needs.labels = false;
  const auto stream = source.stream(std::move(picks), needs);
  std::vector<Batch> batches;
  for (std::int64_t batch = 0; batch < count; ++batch) batches.push_back(stream->next());
  const Parameters anything(parts.learner->layout(), 1, source.device());
  require(encoder.encode(anything, batches.front()).requires_grad(),
          "the server distils what encoders see of public images, and clients train nothing of theirs; train the "
          "backbone, too, or take no steps of distillation.");
  return batches;
}

}  // namespace fedorbit
