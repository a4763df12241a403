#include "jobs/introduction.hpp"

#include <algorithm>

#include "core/fingerprint.hpp"
#include "core/log.hpp"
#include "core/words.hpp"
#include "federation/census.hpp"
#include "federation/cohort.hpp"
#include "io/file.hpp"
#include "results/provenance.hpp"

namespace fedorbit {
namespace {

/// Collective: the SHA-256 of traces that say who takes part when, by their names in results; every rank reads them
/// itself.
std::map<std::string, std::string> traces_of(const Experiment& experiment, Communicator& communicator) {
  std::map<std::string, std::string> checksums;
  if (!timed(experiment.schedule, experiment.links)) return checksums;  // nobody reads them
  const auto add = [&](const char* name, const char* option, const std::string& file) {
    if (file.empty()) return;
    checksums[name] = sha256(read_file(file));
    communicator.agree(option, fingerprint(checksums[name]));
  };
  add("availability_sha256", "schedule.availability", experiment.schedule.availability);
  add("links_trace_sha256", "links.trace", experiment.links.trace);
  return checksums;
}

}  // namespace

RunRecord record_of(const Experiment& experiment, const OpenedRun& opened, const std::string& options_toml,
                    Communicator& communicator) {
  RunRecord record;
  record.options_toml = options_toml;
  record.provenance = provenance_of_run(communicator);
  record.provenance["data_sha256"] = opened.sources.data_checksum;
  record.provenance["weights_sha256"] = opened.sources.weights_checksum;
  if (const std::string read = opened.parts.learner->weights_checksum(); !read.empty())
    record.provenance["learner_weights_sha256"] = read;
  if (opened.downstream) record.provenance["downstream_data_sha256"] = opened.downstream->checksum();
  if (opened.public_images) record.provenance["public_sha256"] = opened.public_images->checksum();
  record.provenance.merge(traces_of(experiment, communicator));
  if (timed(experiment.schedule, experiment.links)) {
    LinkOptions links = experiment.links.resolved();
    record.provenance["links"] = OptionList::of(links).toml();
  }
  record.provenance["text_templates"] = opened.sources.templates;
  record.class_names = opened.sources.class_names;
  record.domain_names = opened.sources.domain_names;
  record.diagnostics = opened.parts.learner->diagnostics();
  return record;
}

void introduce(const Experiment& experiment, const OpenedRun& opened, const RunRecord& record, at::Device device,
               int ranks, bool verbose) {
  const std::string of_weights = opened.sources.clip ? opened.sources.clip->assumption : "";
  for (const std::string& assumption : {of_weights, opened.parts.learner->assumption()})
    if (!assumption.empty()) log::warning(assumption);
  const auto& training = experiment.training;
  const std::int64_t cohort = cohort_size(opened.parts.partition->clients(), training.participation),
                     together = clients_together(experiment, *opened.parts.learner, device, cohort, ranks),
                     groups = (cohort + together - 1) / together;
  const Partition& partition = *opened.parts.partition;
  const Labelled data = opened.sources.labelled();
  log::info(experiment.name, ": ", experiment.method.learner, " with ", experiment.method.strategy, " on ",
            counted(ranks, "rank"), ", ", device.str(), "\n", summary(record.clients, partition, data));
  if (const std::string more = notes(record, partition, data); !more.empty()) log::info(more);
  if (verbose) log::detail(who_holds_what(record.clients, record.class_names));
  if (groups < ranks)
    log::info("only ", groups, " of ", ranks, " ranks train: ", counted(cohort, "client"), " a round in groups of ",
              together, "; a smaller training.group_size shares them among more.");
}

std::vector<EventRecord> idle_options(const Experiment& experiment, const Parts& parts, const RunRecord& record) {
  std::int64_t most_steps = 0;  // of a listed client in a round
  for (const ClientRecord& client : record.clients)
    most_steps = std::max(most_steps, experiment.training.local_steps(client.train_samples).all);
  std::vector<EventRecord> warnings;
  for (const std::string& idle : {parts.learner->idle(), parts.strategy->idle(most_steps)})
    if (!idle.empty()) warnings.push_back({0, "warning", idle});
  return warnings;
}

}  // namespace fedorbit
