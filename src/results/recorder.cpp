#include "results/recorder.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/clock.hpp"
#include "core/error.hpp"
#include "io/file.hpp"
#include "io/h5_tensor.hpp"
#include "results/same_inputs.hpp"
#include "results/virtual_time.hpp"

namespace fedorbit {
namespace {

/// In the journal, attributes of the root are rows (name, value) of a table without a name.
const std::string attributes;

std::size_t longest(const std::vector<std::string>& names) {
  std::size_t width = 1;
  for (const std::string& name : names) width = std::max(width, name.size());
  return width;
}

void add_names(Table& table, const std::vector<std::string>& names) {
  for (std::size_t i = 0; i < names.size(); ++i) table.add({std::int64_t(i), names[i]});
}

/// Tables that are complete when the run starts.
std::array<Table, 4> tables_of_start(const RunRecord& run) {
  Table classes(schema::classes(longest(run.class_names))), domains(schema::domains(longest(run.domain_names))),
      clients(schema::clients()), counts(schema::client_classes());
  add_names(classes, run.class_names);
  add_names(domains, run.domain_names);
  for (const ClientRecord& client : run.clients) {
    clients.add({client.client, client.train_samples, client.validation_samples, client.test_samples,
                 client.unseen_samples, client.domain});
    std::map<std::int64_t, std::array<std::int64_t, 4>> by_class;  // class: images of each split
    const std::array splits{&client.train_classes, &client.validation_classes, &client.test_classes,
                            &client.unseen_classes};
    for (std::size_t split = 0; split < splits.size(); ++split)
      for (const auto& [label, count] : *splits[split]) by_class[label][split] = count;
    for (const auto& [label, count] : by_class)
      counts.add({client.client, label, count[0], count[1], count[2], count[3]});
  }
  return {std::move(classes), std::move(domains), std::move(clients), std::move(counts)};
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

/// Whether an event of a round happens anew where the round is trained again; others tell of the machine.
bool comes_again(const std::string& kind) { return kind == "dropped" || kind == "replayed" || kind == "warning"; }

}  // namespace

Recorder::Recorder(std::filesystem::path path) : path_(std::move(path)), part_(part_path(path_)) {}

Recorder::Recorder(std::filesystem::path path, Journal::Mark kept)
    : path_(std::move(path)), part_(part_path(path_)), kept_(std::move(kept)) {}

std::vector<std::filesystem::path> Recorder::working_files(const std::filesystem::path& path) {
  const std::filesystem::path part = part_path(path), journal = journal_of(path);
  return {part, copy_path(part), journal, part_path(journal)};
}

template <class Action>
void Recorder::each_table(Action action) {
  for (Table* table : {&tables_->rounds, &tables_->turns, &tables_->scores, &tables_->selections, &tables_->confusions,
                       &tables_->templates, &tables_->phases, &tables_->transport, &tables_->placement,
                       &tables_->virtual_turns, &tables_->virtual_rounds, &tables_->events})
    action(*table);
}

void Recorder::started(const RunRecord& run) {
  tables_.emplace(Growing{Table(schema::rounds()), Table(schema::turns(run.diagnostics)), Table(schema::scores()),
                          Table(schema::selections()), Table(schema::confusions()), Table(schema::templates()),
                          Table(schema::phases()), Table(schema::transport()), Table(schema::placement()),
                          Table(schema::virtual_turns()), Table(schema::virtual_rounds()), Table(schema::events())});
  schema_ = {schema::classes(longest(run.class_names)),
             schema::domains(longest(run.domain_names)),
             schema::clients(),
             schema::client_classes(),
             schema::rounds(),
             schema::turns(run.diagnostics),
             schema::scores(),
             schema::selections(),
             schema::confusions(),
             schema::templates(),
             schema::phases(),
             schema::transport(),
             schema::placement(),
             schema::virtual_turns(),
             schema::virtual_rounds(),
             schema::events()};
  if (kept_) {
    journal_.emplace(journal_of(path_), *kept_, [](const std::string& table, const Journal::Row& row) {
      return table == schema::events().group && !comes_again(std::get<std::string>(row.at(2)));
    });
    require_same_run(run);
  } else {
    journal_.emplace(journal_of(path_));
    begin(run);
  }
  const std::filesystem::path copy = copy_path(part_);
  file_from_journal(copy).close();
  replace_file(copy, part_);
  file_ = h5::File::open(part_, h5::Access::append);
  file_->start_swmr();
  each_table([&](Table& table) { table.open(*file_); });
}

void Recorder::begin(const RunRecord& run) {
  std::vector<Journal::Row> values{{schema::attribute::start, utc_now()},
                                   {schema::attribute::options, run.options_toml}};
  for (const auto& [name, value] : run.provenance) values.push_back({name, value});
  journal_->add(attributes, values);
  for (const Table& table : tables_of_start(run)) journal_->add(table.group(), table.waiting());
}

void Recorder::require_same_run(const RunRecord& run) {
  std::map<std::string, std::string> begun;
  std::vector<std::string> class_names;
  journal_->visit([&](const std::string& table, std::vector<Journal::Row>& rows) {
    for (const Journal::Row& row : rows)
      if (table == attributes)
        begun[std::get<std::string>(row.at(0))] = std::get<std::string>(row.at(1));
      else if (table == schema::classes(1).group)
        class_names.push_back(std::get<std::string>(row.at(1)));
  });
  const std::string journal = journal_of(path_).string();
  require(class_names == run.class_names, journal, " was written for other classes: the run cannot go on with it.");
  require_same_inputs(run, begun, journal);
}

/// All that was recorded so far, as a results file in the making.
h5::File Recorder::file_from_journal(const std::filesystem::path& path) {
  constexpr std::size_t most_waiting = 4096;  // rows
  h5::File file = h5::File::create(path);
  file.set_attribute(schema::attribute::filetype, schema::filetype);
  file.set_attribute(schema::attribute::version, schema::version);
  std::map<std::string, Table> tables;
  for (const schema::Table& columns : schema_) {
    Table& table = tables.emplace(columns.group, columns).first->second;
    table.create(file);
    table.open(file);
  }
  journal_->visit([&](const std::string& name, std::vector<Journal::Row>& rows) {
    if (name == attributes) {
      for (const Journal::Row& row : rows)
        file.set_attribute(std::get<std::string>(row.at(0)), std::get<std::string>(row.at(1)));
      return;
    }
    Table& table = tables.at(name);
    for (const Journal::Row& row : rows) table.add(row);
    if (table.waiting().size() >= most_waiting) table.append();
  });
  for (auto& [name, table] : tables) table.append();
  file.flush();
  return file;
}

/// What waits in a table, into the journal and the file.
void Recorder::append(Table& table) {
  journal_->add(table.group(), table.waiting());
  table.append();
}

void Recorder::flush() {
  journal_->flush();
  file_->flush();
}

void Recorder::round_committed(const RoundRecord& round) {
  std::int64_t upload = 0, download = round.lost_download_bytes;
  for (const TurnRecord& turn : round.turns) {
    upload += turn.upload.total();
    download += turn.download.total();
    const FederatedBytes &up = turn.upload, &down = turn.download;
    std::vector<Table::Cell> row{round.round,  turn.client,  turn.samples,    turn.steps,    turn.loss,
                                 turn.drift,   up.total(),   up.payload,      up.statistics, up.extras,
                                 down.total(), down.payload, down.statistics, down.extras,   turn.seconds};
    row.insert(row.end(), turn.diagnostics.begin(), turn.diagnostics.end());
    tables_->turns.add(row);
  }
  tables_->rounds.add({round.round, round.loss, round.update_norm, std::int64_t(round.turns.size()), upload, download,
                       round.total_seconds});
  append(tables_->turns);
  append(tables_->rounds);
  flush();
}

void Recorder::evaluated(const std::vector<Score>& scores) {
  for (const Score& score : scores)
    tables_->scores.add({score.round, score.scope, score.split, score.client, score.domain, score.label, score.task,
                         score.metric, score.value, score.correct, score.count});
  append(tables_->scores);
  flush();
}

void Recorder::selected(const SelectionRecord& selection) {
  tables_->selections.add({selection.rounds_done, selection.accuracy});
  append(tables_->selections);
  flush();
}

void Recorder::confused(const std::vector<Confusion>& confusions) {
  for (const Confusion& confusion : confusions) {
    const auto classes = std::size_t(std::llround(std::sqrt(double(confusion.counts.size()))));
    for (std::size_t i = 0; i < confusion.counts.size(); ++i)
      if (confusion.counts[i] > 0)
        tables_->confusions.add({confusion.round, confusion.scope, confusion.split, confusion.task,
                                 std::int64_t(i / classes), std::int64_t(i % classes), confusion.counts[i]});
  }
  append(tables_->confusions);
  flush();
}

void Recorder::templates_evaluated(const std::vector<TemplateRecord>& scores) {
  for (const TemplateRecord& score : scores)
    tables_->templates.add({score.set, score.pattern, score.correct, score.total, score.loss});
  append(tables_->templates);
  flush();
}

void Recorder::transported(const std::vector<SpentRecord>& phases, const std::vector<TransportRecord>& ledger) {
  for (const SpentRecord& entry : phases) tables_->phases.add({entry.round, entry.phase, entry.rank, entry.seconds});
  for (const TransportRecord& entry : ledger)
    tables_->transport.add({entry.round, entry.phase, entry.rank, entry.collective, entry.calls, entry.bytes,
                            entry.waiting_seconds, entry.transfer_seconds});
  append(tables_->phases);
  append(tables_->transport);
  flush();
}

void Recorder::placed(const std::vector<PlacementRecord>& ranks) {
  for (const PlacementRecord& entry : ranks) tables_->placement.add({entry.round, entry.client, entry.rank});
  append(tables_->placement);
  flush();
}

void Recorder::scheduled(const std::vector<VirtualTurn>& turns, const std::vector<VirtualRound>& rounds) {
  add_rows(tables_->virtual_turns, turns);
  add_rows(tables_->virtual_rounds, rounds);
  append(tables_->virtual_turns);
  append(tables_->virtual_rounds);
  flush();
}

void Recorder::happened(const EventRecord& event) {
  tables_->events.add({event.round, utc_now(), event.kind, event.message});
  append(tables_->events);
  flush();
}

void Recorder::finished(const std::vector<std::pair<std::string, Tensor>>& shared) {
  each_table([](Table& table) { table.close(); });
  file_->close();
  // Made anew: a file in single-writer mode takes no new datasets or attributes.
  const std::filesystem::path copy = copy_path(part_);
  file_ = file_from_journal(copy);
  file_->make_group(schema::state);
  for (const auto& [name, tensor] : shared) {
    h5::Dataset dataset = h5::write_tensor(*file_, schema::state + "/" + name, tensor);
    dataset.set_units("1");
    dataset.set_attribute(schema::attribute::kind, schema::name(schema::Kind::result));
    for (std::int64_t axis = 0; axis < tensor.dim(); ++axis)
      dataset.attach_scale(axis_scale(*file_, std::size_t(axis), tensor.size(axis)), unsigned(axis));
  }
  file_->set_attribute(schema::attribute::end, utc_now());
  file_->flush();
  file_->close();
  replace_file(copy, path_);
  std::filesystem::remove(part_);
  std::filesystem::remove(journal_of(path_));
}

}  // namespace fedorbit
