#include "results/recorder.hpp"

#include <algorithm>
#include <cmath>

#include "core/clock.hpp"
#include "core/error.hpp"
#include "io/file.hpp"
#include "io/h5_tensor.hpp"

namespace fedorbit {
namespace {

void write_attributes(h5::File& file, const RunRecord& run) {
  for (const auto& [name, value] : run.provenance) file.set_attribute(name, value);
  file.set_attribute(schema::attribute::options, run.options_toml);
}

std::size_t longest(const std::vector<std::string>& names) {
  std::size_t width = 1;
  for (const std::string& name : names) width = std::max(width, name.size());
  return width;
}

void add_names(Table& table, const std::vector<std::string>& names) {
  for (std::size_t i = 0; i < names.size(); ++i) table.add({std::int64_t(i), names[i]});
}

/// Tables that are complete when the run starts.
void write_clients(h5::File& file, const RunRecord& run) {
  Table classes(schema::classes(longest(run.class_names))), domains(schema::domains(longest(run.domain_names))),
      clients(schema::clients()), counts(schema::client_classes());
  add_names(classes, run.class_names);
  add_names(domains, run.domain_names);
  for (const ClientRecord& client : run.clients) {
    clients.add({client.client, client.train_samples, client.test_samples});
    std::map<std::int64_t, std::pair<std::int64_t, std::int64_t>> by_class;  // class: (train, test)
    for (const auto& [label, count] : client.train_classes) by_class[label].first = count;
    for (const auto& [label, count] : client.test_classes) by_class[label].second = count;
    for (const auto& [label, count] : by_class) counts.add({client.client, label, count.first, count.second});
  }
  for (Table* table : {&classes, &domains, &clients, &counts}) {
    table->open(file);
    table->append();
  }
}

/// A copy beside the file, to be changed in its place; left over by a kill, it is written anew.
std::filesystem::path copy_of(const std::filesystem::path& file) {
  require(std::filesystem::exists(file), file.string(), " does not exist.");
  const std::filesystem::path copy = copy_path(file);
  std::error_code failure;
  std::filesystem::copy_file(file, copy, std::filesystem::copy_options::overwrite_existing, failure);
  require(!failure, file.string(), " cannot be copied to ", copy.string(), ": ", failure.message(), ".");
  return copy;
}

/// The scale that stands for an axis of a tensor: a length without values, as netCDF-4 writes it.
h5::Dataset axis_scale(h5::File& file, std::size_t axis, std::int64_t length) {
  const std::string path = text(schema::state, "/axis", axis, "_", length);
  if (file.has(path)) return file.dataset(path);
  h5::Dataset scale = file.make<float>(path, {length});
  const std::string digits = std::to_string(length);
  scale.make_scale("This is a netCDF dimension but not a netCDF variable." +
                   std::string(10 - std::min<std::size_t>(digits.size(), 10), ' ') + digits);
  scale.set_units("1");
  return scale;
}

}  // namespace

Recorder::Recorder(std::filesystem::path path) : path_(std::move(path)), part_(part_path(path_)) {}

Recorder::Recorder(std::filesystem::path path, std::int64_t rounds_done)
    : path_(std::move(path)), part_(part_path(path_)), rounds_done_(rounds_done) {}

template <class Action>
void Recorder::each_table(Action action) {
  for (Table* table : {&tables_->rounds, &tables_->turns, &tables_->scores, &tables_->confusions, &tables_->templates,
                       &tables_->transport, &tables_->placement, &tables_->events})
    action(*table);
}

void Recorder::started(const RunRecord& run) {
  tables_.emplace(Growing{Table(schema::rounds()), Table(schema::turns(run.diagnostics)), Table(schema::scores()),
                          Table(schema::confusions()), Table(schema::templates()), Table(schema::transport()),
                          Table(schema::placement()), Table(schema::events())});
  if (rounds_done_)
    go_on(run);
  else
    create(run);
  file_ = h5::File::open(part_, h5::Access::modify);
  file_->start_swmr();
  each_table([&](Table& table) { table.open(*file_); });
}

void Recorder::create(const RunRecord& run) {
  h5::File file = h5::File::create(part_);
  file.set_attribute(schema::attribute::filetype, schema::filetype);
  file.set_attribute(schema::attribute::version, schema::version);
  file.set_attribute(schema::attribute::start, utc_now());
  write_attributes(file, run);
  for (const schema::Table& table :
       {schema::classes(longest(run.class_names)), schema::domains(longest(run.domain_names)), schema::clients(),
        schema::client_classes(), schema::rounds(), schema::turns(run.diagnostics), schema::scores(),
        schema::confusions(), schema::templates(), schema::transport(), schema::placement(), schema::events()})
    Table(table).create(file);
  write_clients(file, run);
  file.close();
}

void Recorder::go_on(const RunRecord& run) {
  const std::filesystem::path copy = copy_of(part_);
  h5::File file = h5::File::open(copy, h5::Access::repair);
  require(file.has_attribute(schema::attribute::filetype) &&
              file.text_attribute(schema::attribute::filetype) == schema::filetype,
          part_.string(), " is not a results file: the run cannot go on with it.");
  require(file.read_texts("/classes/name") == run.class_names, part_.string(),
          " was written for other classes: the run cannot go on with it.");
  for (const char* input : {"data_sha256", "weights_sha256", "features_arithmetic", "arithmetic"})
    if (const auto now = run.provenance.find(input); now != run.provenance.end())
      require(file.text_attribute(input) == now->second, part_.string(), " was begun with ", input, " = ",
              file.text_attribute(input), ", which is now ", now->second,
              ": the run cannot go on so; bring the old one back, or pass --restart.");
  if (file.has(schema::state)) file.remove(schema::state);  // of a run that was killed while it finished
  each_table([&](Table& table) { table.open(file, true); });
  for (Table* table : {&tables_->rounds, &tables_->turns, &tables_->scores, &tables_->confusions, &tables_->transport,
                       &tables_->placement})
    table->keep_rounds(*rounds_done_);
  require(tables_->rounds.rows() == *rounds_done_, part_.string(), " holds ", tables_->rounds.rows(),
          " rounds, fewer than the ", *rounds_done_,
          " of the checkpoint: the run cannot go on with it; pass --restart to begin anew.");
  each_table([](Table& table) { table.close(); });
  file.close();
  replace_file(copy, part_);
}

void Recorder::round_committed(const RoundRecord& round) {
  std::int64_t upload = 0, download = 0;
  for (const TurnRecord& turn : round.turns) {
    upload += turn.upload_bytes;
    download += turn.download_bytes;
    std::vector<Table::Cell> row{round.round, turn.client,       turn.samples,        turn.steps,  turn.loss,
                                 turn.drift,  turn.upload_bytes, turn.download_bytes, turn.seconds};
    row.insert(row.end(), turn.diagnostics.begin(), turn.diagnostics.end());
    tables_->turns.add(row);
  }
  tables_->rounds.add({round.round, round.loss, round.update_norm, std::int64_t(round.turns.size()), upload, download,
                       round.training_seconds, round.waiting_seconds, round.transfer_seconds, round.evaluation_seconds,
                       round.total_seconds});
  tables_->turns.append();
  tables_->rounds.append();
  file_->flush();
}

void Recorder::evaluated(const std::vector<Score>& scores) {
  for (const Score& score : scores)
    tables_->scores.add({score.round, score.scope, score.split, score.client, score.domain, score.label, score.task,
                         score.metric, score.value, score.correct, score.count});
  tables_->scores.append();
  file_->flush();
}

void Recorder::confused(const std::vector<Confusion>& confusions) {
  for (const Confusion& confusion : confusions) {
    const auto classes = std::size_t(std::llround(std::sqrt(double(confusion.counts.size()))));
    for (std::size_t i = 0; i < confusion.counts.size(); ++i)
      if (confusion.counts[i] > 0)
        tables_->confusions.add({confusion.round, confusion.scope, confusion.split, confusion.task,
                                 std::int64_t(i / classes), std::int64_t(i % classes), confusion.counts[i]});
  }
  tables_->confusions.append();
  file_->flush();
}

void Recorder::templates_evaluated(const std::vector<TemplateRecord>& scores) {
  for (const TemplateRecord& score : scores)
    tables_->templates.add({score.set, score.pattern, score.correct, score.total, score.loss});
  tables_->templates.append();
  file_->flush();
}

void Recorder::transported(const std::vector<TransportRecord>& ledger) {
  for (const TransportRecord& entry : ledger)
    tables_->transport.add({entry.round, entry.rank, entry.collective, entry.calls, entry.bytes, entry.waiting_seconds,
                            entry.transfer_seconds});
  tables_->transport.append();
  file_->flush();
}

void Recorder::placed(const std::vector<PlacementRecord>& ranks) {
  for (const PlacementRecord& entry : ranks) tables_->placement.add({entry.round, entry.client, entry.rank});
  tables_->placement.append();
  file_->flush();
}

void Recorder::happened(const EventRecord& event) {
  tables_->events.add({event.round, utc_now(), event.kind, event.message});
  tables_->events.append();
  file_->flush();
}

void Recorder::finished(const std::vector<std::pair<std::string, Tensor>>& shared) {
  each_table([](Table& table) { table.close(); });
  file_->close();
  // A file in single-writer mode takes no new datasets or attributes, and outside of it a kill can spoil a file.
  const std::filesystem::path copy = copy_of(part_);
  file_ = h5::File::open(copy, h5::Access::modify);
  file_->make_group(schema::state);
  for (const auto& [name, tensor] : shared) {
    h5::Dataset dataset = h5::write_tensor(*file_, schema::state + "/" + name, tensor);
    dataset.set_units("1");
    dataset.set_attribute(schema::attribute::kind, schema::name(schema::Kind::result));
    for (std::int64_t axis = 0; axis < tensor.dim(); ++axis)
      dataset.attach_scale(axis_scale(*file_, std::size_t(axis), tensor.size(axis)), unsigned(axis));
  }
  file_->set_attribute(schema::attribute::end, utc_now());
  file_->close();
  replace_file(copy, part_);
  publish(path_);
}

void Recorder::keep() {
  file_->flush();
  flush_to_disk(part_);
}

}  // namespace fedorbit
