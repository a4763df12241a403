#include "jobs/opened_run.hpp"

#include <numeric>

#include "comm/node_memory.hpp"
#include "core/error.hpp"
#include "core/fingerprint.hpp"
#include "federation/public_batches.hpp"
#include "inputs/open_data.hpp"
#include "jobs/opening.hpp"

namespace fedorbit {
namespace {

std::optional<Dataset> open_public_images(const Experiment& experiment, const Sources& sources, const Parts& parts,
                                          Communicator& communicator) {
  const std::string& path = experiment.data.public_images;
  if (path.empty() || parts.strategy->public_batches().count == 0) return {};
  Dataset dataset = open_data(path, experiment.synthetic, communicator);
  require(dataset.checksum() != sources.data_checksum, "data.public = ", path,
          " has the images of the data itself, which clients have; set some of them aside with "
          "partition.public_images.");
  require_public_images(*parts.strategy, dataset.size(), text("data.public = ", path));
  return dataset;
}

}  // namespace

OpenedRun open_run(Experiment& experiment, at::Device device, Communicator& communicator) {
  Sources sources = open_sources(experiment.data, experiment.synthetic, experiment.model, device, communicator);
  Material material{sources.class_names,
                    sources.width,
                    sources.logit_scale,
                    sources.clip,
                    sources.texts,
                    experiment.engine,
                    [&](const Tensor& bytes) { return one_copy_on_node(bytes, communicator); }};
  auto learner = make_learner(experiment.method.learner, experiment.learner, std::move(material));
  if (const std::string read = learner->weights_checksum(); !read.empty())
    communicator.agree("weights of the learner " + experiment.method.learner, fingerprint(read));
  Parts parts = assemble(experiment, sources.labelled(), std::move(learner), device);
  std::unique_ptr<Downstream> downstream;
  if (!experiment.downstream.path.empty())
    downstream = std::make_unique<Downstream>(experiment.downstream, device,
                                              reading_of(experiment.machine, communicator).threads, communicator);
  auto public_images = open_public_images(experiment, sources, parts, communicator);
  return {std::move(sources), std::move(parts), std::move(downstream), std::move(public_images)};
}

std::vector<Batch> public_images_of(const OpenedRun& opened, const Batches& batches, const ReadingOptions& reading) {
  const Parts& parts = opened.parts;
  if (!opened.public_images) return public_batches(parts, batches, parts.partition->pools().public_images);
  std::vector<std::int64_t> all(std::size_t(opened.public_images->size()));
  std::iota(all.begin(), all.end(), 0);
  const LiveImages source(*opened.public_images, {}, batches.device(), parts.keys, reading);
  return public_batches(parts, source, std::move(all));
}

}  // namespace fedorbit
