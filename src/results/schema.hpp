// Every name in a results file, once. (`analysis/schema.py` is its counterpart for the readers in Python.)
//
// A results file is a set of long tables: a group for each, and in it one one-dimensional dataset for each column.
// Groups are not nested, so that xarray opens the whole file as one tree. Rounds are numbered from 0; scores belong
// between rounds, so they say how many were done before: 0 is the state before training.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace fedorbit::schema {

inline const std::string filetype = "fedorbit-results";
inline constexpr std::array<std::int64_t, 2> version{6, 2};  // major: readers must follow; minor: something was added

/// Attributes of the root; what RunRecord::provenance holds stands beside them under its own names.
namespace attribute {
inline const std::string filetype = "filetype";
inline const std::string version = "version";
inline const std::string options = "options";        // every option, resolved, as TOML
inline const std::string start = "start";            // UTC, ISO 8601
inline const std::string end = "end";                // missing while the run goes on, or if it was killed
inline const std::string units = "units";            // of every dataset
inline const std::string description = "long_name";  // of every column, as netCDF names it
inline const std::string kind = "kind";              // of every dataset: see Kind
}  // namespace attribute

/// What a column is to somebody who compares two runs: `time` and `transport` may differ from machine to machine.
enum class Kind { result, diagnostic, time, transport };
inline const char* name(Kind kind) {
  constexpr std::array names{"result", "diagnostic", "time", "transport"};
  return names[std::size_t(kind)];
}

enum class Type { integer, real, text };

struct Column {
  std::string name, units, description;
  Type type;
  Kind kind = Kind::result;
  std::size_t width = 0;  // bytes of a text
};

/// `index` names the column that is the coordinate of the others; "row" is a running number made for the purpose.
struct Table {
  std::string group, index;
  std::vector<Column> columns;
};

inline const std::string row = "row";
inline const std::string round = "round";              // the first round is 0
inline const std::string rounds_done = "rounds_done";  // committed before the score was taken
inline const std::string state = "/state";

inline Table rounds() {
  return {
      "/rounds",
      round,
      {{round, "1", "number of the round", Type::integer},
       {"loss", "1", "training loss, mean over clients that took a step, as the aggregate weighs them", Type::real},
       {"update_norm", "1", "Euclidean norm of the step of the server's parameters", Type::real},
       {"turns", "1", "clients that took part", Type::integer},
       {"upload_bytes", "byte", "federated bytes from all clients to the server", Type::integer},
       {"download_bytes", "byte", "federated bytes from the server to all clients", Type::integer},
       {"total_seconds", "s", "all of the round on the root, with the evaluation after it", Type::real, Kind::time}}};
}

/// domain: where all of a client's images come from; -1 where they are of several.
inline Table clients() {
  return {"/clients",
          "client",
          {{"client", "1", "number of the client", Type::integer},
           {"train_samples", "1", "its training images", Type::integer},
           {"validation_samples", "1", "its validation images", Type::integer},
           {"test_samples", "1", "its test images", Type::integer},
           {"unseen_samples", "1", "its images, if it never trains", Type::integer},
           {"domain", "1", "where all of its images come from; -1: from several", Type::integer}}};
}

inline Table client_classes() {
  return {"/client_classes",
          row,
          {{"client", "1", "number of the client", Type::integer},
           {"class", "1", "number of the class", Type::integer},
           {"train_samples", "1", "training images of the class", Type::integer},
           {"validation_samples", "1", "validation images of the class", Type::integer},
           {"test_samples", "1", "test images of the class", Type::integer},
           {"unseen_samples", "1", "images of the class of a client that never trains", Type::integer}}};
}

/// One row for each client and round; the diagnostics of the method are columns after these.
inline Table turns(const std::vector<std::string>& diagnostics) {
  Table table{"/turns",
              row,
              {{round, "1", "number of the round", Type::integer},
               {"client", "1", "number of the client", Type::integer},
               {"samples", "1", "its training images", Type::integer},
               {"steps", "1", "local steps", Type::integer},
               {"loss", "1", "training loss, mean over steps, short ones alike; NaN of none", Type::real},
               {"drift", "1", "Euclidean norm of trained minus received shared parameters", Type::real},
               {"upload_bytes", "byte", "federated bytes to the server", Type::integer},
               {"upload_payload_bytes", "byte", "of these: weights, as the codec writes them", Type::integer},
               {"upload_statistics_bytes", "byte", "of these: statistics, as they are", Type::integer},
               {"upload_extras_bytes", "byte", "of these: what the strategy sends besides", Type::integer},
               {"download_bytes", "byte", "federated bytes from the server", Type::integer},
               {"download_payload_bytes", "byte", "of these: weights, as the codec writes them", Type::integer},
               {"download_statistics_bytes", "byte", "of these: statistics, as they are", Type::integer},
               {"download_extras_bytes", "byte", "of these: what the strategy sends besides", Type::integer},
               {"seconds", "s", "its group's seconds divided by the group's clients", Type::real, Kind::time}}};
  for (const std::string& diagnostic : diagnostics)
    table.columns.push_back(
        {diagnostic, "1", "what the method says of itself, mean over looks at the loss", Type::real, Kind::diagnostic});
  return table;
}

/// A number about the images of a split: of one client, domain or class where they are named, of all where they are -1.
/// `value` is `correct` / `count` where the metric is a share of right answers; where it is none, `correct` is -1.
inline Table scores() {
  return {"/scores",
          row,
          {{rounds_done, "1", "rounds before the score was taken", Type::integer},
           {"scope", "1", "whose parameters were judged", Type::text, Kind::result, 16},
           {"split", "1", "which images", Type::text, Kind::result, 16},
           {"client", "1", "whose images, or whose encoder; -1: of all clients in one pool", Type::integer},
           {"domain", "1", "of which domain; -1: of all", Type::integer},
           {"class", "1", "of which class; -1: of all", Type::integer},
           {"task", "1", "what was done", Type::text, Kind::result, 48},
           {"metric", "1", "what the value is", Type::text, Kind::result, 16},
           {"value", "1", "the score", Type::real},
           {"correct", "1", "right answers; -1 where the metric is no share of them", Type::integer},
           {"count", "1", "images, as often as they were labelled", Type::integer}}};
}

/// Which round's shared parameters the run would end with: the last row counts.
inline Table selections() {
  return {
      "/selections",
      row,
      {{rounds_done, "1", "rounds after which the shared parameters were the best so far", Type::integer},
       {"accuracy", "1", "mean over clients of the global model's accuracy on their validation images", Type::real}}};
}

/// Label and answer of every image, counted; pairs that never happened are left out.
inline Table confusions() {
  return {"/confusions",
          row,
          {{rounds_done, "1", "rounds before the answers were given", Type::integer},
           {"scope", "1", "whose parameters were judged", Type::text, Kind::result, 16},
           {"split", "1", "which images", Type::text, Kind::result, 16},
           {"task", "1", "what was done", Type::text, Kind::result, 48},
           {"class", "1", "label of the images", Type::integer},
           {"answer", "1", "class they were taken for", Type::integer},
           {"images", "1", "how many", Type::integer}}};
}

/// Each template of a zero-shot ensemble on its own.
inline Table templates() {
  return {"/templates",
          row,
          {{"set", "1", "name of the set of texts", Type::text, Kind::result, 48},
           {"template", "1", "the text; {} stands for the class name", Type::text, Kind::result, 160},
           {"correct", "1", "right answers by this template alone", Type::integer},
           {"total", "1", "images", Type::integer},
           {"loss", "1", "mean cross entropy", Type::real}}};
}

/// Rounds of -1 are before the first: what a run was set up with.
inline Table phases() {
  return {"/phases",
          row,
          {{round, "1", "number of the round; -1: before the first", Type::integer, Kind::transport},
           {"phase", "1", "what the rank was at", Type::text, Kind::transport, 16},
           {"rank", "1", "number of the rank", Type::integer, Kind::transport},
           {"seconds", "s", "by the clock, waits and moves included", Type::real, Kind::transport}}};
}

inline Table transport() {
  return {"/transport",
          row,
          {{round, "1", "number of the round; -1: before the first", Type::integer, Kind::transport},
           {"phase", "1", "what the rank was at", Type::text, Kind::transport, 16},
           {"rank", "1", "who moved it", Type::integer, Kind::transport},
           {"collective", "1", "by which collective operation", Type::text, Kind::transport, 24},
           {"calls", "1", "how often", Type::integer, Kind::transport},
           {"bytes", "byte", "bytes handed in", Type::integer, Kind::transport},
           {"waiting_seconds", "s", "until all ranks were there", Type::real, Kind::transport},
           {"transfer_seconds", "s", "from then to the end", Type::real, Kind::transport}}};
}

inline Table placement() {
  return {"/placement",
          row,
          {{round, "1", "number of the round", Type::integer, Kind::transport},
           {"client", "1", "number of the client", Type::integer, Kind::transport},
           {"rank", "1", "who trained it", Type::integer, Kind::transport}}};
}

/// What happened to the run is the machine's: signals and resumes do not make two runs differ.
inline Table events() {
  return {"/events",
          row,
          {{round, "1", "number of the round", Type::integer, Kind::transport},
           {"time", "1", "when, UTC", Type::text, Kind::time, 20},
           {"kind", "1", "what kind of event", Type::text, Kind::transport, 24},
           {"message", "1", "what happened", Type::text, Kind::transport, 480}}};
}

/// Of `bench-comm`, a row for each size. Seconds are of one call.
inline Table bandwidths() {
  return {
      "/bandwidths",
      row,
      {{"backend", "1", "what moved it", Type::text, Kind::transport, 16},
       {"device", "1", "from where to where", Type::text, Kind::transport, 16},
       {"collective", "1", "by which collective operation", Type::text, Kind::transport, 24},
       {"type", "1", "of the numbers", Type::text, Kind::transport, 16},
       {"payload", "1", "whose update is that large; empty: nobody's", Type::text, Kind::transport, 24},
       {"bytes", "byte", "handed in by every rank", Type::integer, Kind::transport},
       {"calls", "1", "that count", Type::integer, Kind::transport},
       {"wrong", "1", "numbers that came out wrong, of all ranks and calls", Type::integer, Kind::transport},
       {"lowest_seconds", "s", "the mean of the rank with the lowest", Type::real, Kind::transport},
       {"mean_seconds", "s", "mean over ranks and calls", Type::real, Kind::transport},
       {"highest_seconds", "s", "the mean of the rank with the highest", Type::real, Kind::transport},
       {"median_seconds", "s", "median over calls of the slowest rank's", Type::real, Kind::transport},
       {"agreement_seconds", "s", "mean of the agreement before each call", Type::real, Kind::transport},
       {"bare_seconds", "s", "mean of the library's own call, as osu_allreduce times it", Type::real, Kind::transport},
       {"algbw", "byte/s", "message size over median seconds", Type::real, Kind::transport},
       {"busbw", "byte/s", "the same by what crosses each link", Type::real, Kind::transport}}};
}

/// Of `bench-comm`: seconds = latency + bytes / rate, fitted to the medians of all sizes.
inline Table link_models() {
  return {"/link_models",
          row,
          {{"backend", "1", "what moved it", Type::text, Kind::transport, 16},
           {"device", "1", "from where to where", Type::text, Kind::transport, 16},
           {"collective", "1", "by which collective operation", Type::text, Kind::transport, 24},
           {"type", "1", "of the numbers", Type::text, Kind::transport, 16},
           {"latency_seconds", "s", "of an empty message", Type::real, Kind::transport},
           {"rate", "byte/s", "of a long one", Type::real, Kind::transport},
           {"relative_error", "1", "root mean square", Type::real, Kind::transport}}};
}

/// Of `links`, and of a run that has links of its own or whose clients may drop out: every client that was sent the
/// model, and what it took in a real federation, or would have, of those whose report never came. Seconds are NaN where
/// nothing goes by them. Who is unfinished still trained when the run ended: in its last round.
inline Table virtual_turns() {
  return {"/virtual_turns",
          row,
          {{round, "1", "number of the round in which it ended", Type::integer},
           {"client", "1", "number of the client", Type::integer},
           {"version", "1", "rounds that the model had seen which it was sent", Type::integer},
           {"outcome", "1", "counted, late, left, dropped or unfinished", Type::text, Kind::result, 12},
           {"download_bytes", "byte", "federated bytes from the server", Type::integer},
           {"start_seconds", "s", "when it was sent the model, since the first round began", Type::real},
           {"download_waiting_seconds", "s", "without contact, before and within the download", Type::real},
           {"download_seconds", "s", "of latency and bytes of the download", Type::real},
           {"training_seconds", "s", "of its local steps on its device", Type::real},
           {"upload_waiting_seconds", "s", "without contact, before and within the upload", Type::real},
           {"upload_seconds", "s", "of latency and bytes of the upload", Type::real}}};
}

/// Of the same: a round ends with the last report that counts, or when the schedule ends it, and the next begins.
inline Table virtual_rounds() {
  return {"/virtual_rounds",
          round,
          {{round, "1", "number of the round", Type::integer},
           {"start_seconds", "s", "since the first round began", Type::real},
           {"seconds", "s", "of the round", Type::real},
           {"slowest_client", "1", "whose report that counts came last", Type::integer}}};
}

/// `width`: bytes of the longest name.
inline Table classes(std::size_t width) {
  return {"/classes",
          "class",
          {{"class", "1", "number of the class", Type::integer},
           {"name", "1", "its name", Type::text, Kind::result, width}}};
}

inline Table domains(std::size_t width) {
  return {"/domains",
          "domain",
          {{"domain", "1", "number of the domain", Type::integer},
           {"name", "1", "its name", Type::text, Kind::result, width}}};
}

}  // namespace fedorbit::schema
