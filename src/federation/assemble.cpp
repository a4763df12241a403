#include "federation/assemble.hpp"

#include <algorithm>

#include "algorithms/personal_tensors.hpp"
#include "federation/compatibility.hpp"

namespace fedorbit {

Parts assemble(Experiment& experiment, const Labelled& data, std::shared_ptr<Learner> learner, at::Device device) {
  Parts parts;
  parts.keys = Keys(std::uint64_t(experiment.seed));
  parts.learner = with_personal_tensors(std::move(learner), experiment.method.personal);
  PartitionOptions& partition = experiment.partition;
  if (partition.seed < 0) partition.seed = experiment.seed;
  parts.partition = make_partition(data, partition, Keys(std::uint64_t(partition.seed)));
  partition.clients = parts.partition->clients() + parts.partition->unseen_clients();
  parts.strategy = make_strategy(experiment.method.strategy, experiment.strategy);
  parts.upload_codec = make_codec(experiment.upload);
  parts.download_codec = make_codec(experiment.download);
  require_compatible(experiment, parts, data);
  auto& group_size = experiment.training.group_size;
  if (group_size == 0) group_size = parts.learner->usual_group(device);
  return parts;
}

Workshop Parts::workshop(const Experiment& experiment, const Batches& batches) const {
  const std::int64_t width = std::min(experiment.training.batch_size, partition->most_images());
  const Layout& layout = learner->layout();
  std::vector<std::string> residuals;
  if (experiment.upload.error_feedback) {
    residuals = {weights_message};
    for (const auto& [name, extra] : strategy->extras(layout))
      if (extra.sent && extra.length == layout.weights(Owner::shared)) residuals.push_back(name);
  }
  return {experiment,          *partition,      batches, *learner, *strategy,
          *upload_codec,       *download_codec, keys,    width,    strategy->memories(layout),
          std::move(residuals)};
}

}  // namespace fedorbit
