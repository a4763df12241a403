#include "federation/assemble.hpp"

#include "core/error.hpp"

namespace fedorbit {

Parts assemble(Experiment& experiment, const Labelled& data, std::shared_ptr<Classifier> learner, at::Device device) {
  require(!experiment.engine.live_images || experiment.views.count == 0,
          "engine.live_images encodes images as they are; views.count = ", experiment.views.count,
          " does not go with it.");
  Parts parts;
  parts.keys = Keys(std::uint64_t(experiment.seed));
  parts.learner = std::move(learner);
  parts.partition = make_partition(data, experiment.partition, parts.keys);
  parts.strategy = make_strategy(experiment.method.strategy, experiment.strategy);
  parts.strategy->check(experiment.optimiser);
  parts.upload_codec = make_codec(experiment.method.upload_codec);
  parts.download_codec = make_codec(experiment.method.download_codec);
  auto& group_size = experiment.training.group_size;
  if (group_size == 0) group_size = parts.learner->usual_group(device);
  return parts;
}

Workshop Parts::workshop(const Experiment& experiment, const Samples& samples) const {
  return {experiment,      *partition, samples,
          *learner,        *strategy,  *upload_codec,
          *download_codec, keys,       strategy->memories(learner->layout())};
}

}  // namespace fedorbit
