// The parts of a run put together: who its clients are, what they train, how they learn together and write messages.
#pragma once
#include <memory>

#include "federation/turn.hpp"

namespace fedorbit {

/// What a run is made of besides its inputs; it outlives its workshop.
struct Parts {
  Keys keys{0};
  std::unique_ptr<Partition> partition;
  std::shared_ptr<Learner> learner;
  std::shared_ptr<Strategy> strategy;
  std::unique_ptr<Codec> upload_codec, download_codec;

  /// What turns work with. The experiment and the batches outlive it too.
  Workshop workshop(const Experiment& experiment, const Batches& batches) const;
};

/// The parts that the experiment names, around a learner that trains on this device. Options that leave a choice to the
/// learner (training.group_size), to the seed (partition.seed) or to a file (partition.clients) are settled. Throws
/// where parts do not go together.
Parts assemble(Experiment& experiment, const Labelled& data, std::shared_ptr<Learner> learner, at::Device device);

}  // namespace fedorbit
