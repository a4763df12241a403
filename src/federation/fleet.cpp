#include "federation/fleet.hpp"

#include <ATen/ops/zeros.h>

#include "core/error.hpp"
#include "data/dealt.hpp"
#include "federation/cohort.hpp"

namespace fedorbit {
namespace {

/// Federated bytes of one client's report.
std::int64_t report_bytes(const Workshop& workshop) {
  const Layout& layout = workshop.learner.layout();
  const std::int64_t numbers = layout.weights(Owner::shared);
  const Message message{layout, weights_message, 0, 0, Direction::upload, workshop.keys};
  const auto payload = std::int64_t(workshop.upload_codec.encode(at::zeros({numbers}), message).size());
  std::int64_t bytes = payload + raw_bytes(layout.statistics(Owner::shared));
  for (const auto& [name, extra] : workshop.strategy.extras(layout))
    if (extra.sent) bytes += extra.length == numbers ? payload : raw_bytes(extra.length);
  return bytes;
}

/// Of one client's download.
std::int64_t download_bytes(const Workshop& workshop) {
  const Layout& layout = workshop.learner.layout();
  Server blank;
  blank.global = at::zeros({layout.weights(Owner::shared)});
  if (layout.statistics(Owner::shared) > 0) blank.statistics = at::zeros({layout.statistics(Owner::shared)});
  for (const auto& [name, length] : workshop.strategy.server_memories(layout)) blank.memory[name] = at::zeros({length});
  const Mirror nothing_sent;
  Downloads downloads(workshop.strategy, workshop.download_codec, layout, blank, workshop.keys, nothing_sent);
  return downloads.bytes(0).total();
}

/// Throws where strategy and codecs cannot take what the schedule brings.
void require_goes_with(const Experiment& experiment, const Strategy& strategy, const Codec& upload,
                       const Codec& download) {
  const ScheduleOptions& schedule = experiment.schedule;
  require(!schedule.asynchronous() || strategy.takes_stale_updates(), "schedule.kind = \"", schedule.kind,
          "\" brings together reports that began from different models, and method.strategy = \"",
          experiment.method.strategy, "\" is defined for whole cohorts; take schedule.kind = \"rounds\".");
  if (!timed(schedule, experiment.links)) return;
  require(upload.fixed_length() && download.fixed_length(),
          "this run goes by how long messages take, and those of [upload] or [download] are as long as their "
          "numbers make them; take a codec of fixed length, without a last stage that compresses.");
  require(download.lossless(), "this run goes by how long messages take, and what download.codec = \"",
          experiment.download.codec,
          "\" sends a client depends on the messages that it missed; take one for downloads that loses nothing.");
}

}  // namespace

void check_schedule(const Experiment& experiment) {
  require_goes_with(experiment, *make_strategy(experiment.method.strategy, experiment.strategy),
                    *make_codec(experiment.upload), *make_codec(experiment.download));
  if (experiment.partition.kind == "file") return;
  const std::int64_t clients = experiment.partition.clients - unseen_clients(experiment.partition);
  make_schedule(experiment.schedule, experiment.links,
                {clients, cohort_size(clients, experiment.training.participation), {}}, Keys(0));
}

std::unique_ptr<Schedule> schedule_of(Workshop& workshop) {
  const Experiment& experiment = workshop.experiment;
  require_goes_with(experiment, workshop.strategy, workshop.upload_codec, workshop.download_codec);
  const std::int64_t clients = workshop.partition.clients();
  Fleet fleet{clients, cohort_size(clients, experiment.training.participation), {}};
  if (timed(experiment.schedule, experiment.links))
    fleet.errand = [&workshop, download = download_bytes(workshop), upload = report_bytes(workshop)](ClientId client) {
      return Errand{download, workshop.experiment.training.local_steps(workshop.images(client)).all, upload};
    };
  return make_schedule(experiment.schedule, experiment.links, std::move(fleet), workshop.keys);
}

void foresee(Workshop& workshop) {
  const Experiment& experiment = workshop.experiment;
  const bool ends = !experiment.schedule.availability.empty() && experiment.schedule.availability_period == 0;
  const auto schedule = schedule_of(workshop);
  for (std::int64_t round = 0; round < (ends ? experiment.training.rounds : 1); ++round) schedule->next();
}

}  // namespace fedorbit
