#include "results/virtual_time.hpp"

#include <algorithm>
#include <numeric>

#include "core/error.hpp"
#include "io/h5.hpp"
#include "results/plain_file.hpp"
#include "results/schema.hpp"

namespace fedorbit {
namespace {

struct TurnColumns {
  std::vector<std::int64_t> round, client, steps, upload, download;
  explicit TurnColumns(const h5::File& file) {
    const auto column = [&](const char* name) { return file.read<std::int64_t>(schema::turns({}).group + "/" + name); };
    round = column("round"), client = column("client"), steps = column("steps");
    upload = column("upload_bytes"), download = column("download_bytes");
  }
};

}  // namespace

double VirtualTime::after(std::int64_t rounds_done) const {
  const auto next = std::ranges::lower_bound(rounds, rounds_done, {}, &VirtualRound::round);
  return next == rounds.begin() ? 0 : std::prev(next)->start + std::prev(next)->seconds;
}

VirtualTime virtual_time(const std::filesystem::path& results, const Links& links) {
  const h5::File file = h5::File::open(results);
  const TurnColumns turns(file);
  VirtualTime time;
  double start = 0;
  for (std::size_t first = 0, next; first < turns.round.size(); first = next) {
    next = first;
    while (next < turns.round.size() && turns.round[next] == turns.round[first]) ++next;
    VirtualRound round{turns.round[first], start, 0, turns.client[first]};
    for (std::size_t i = first; i < next; ++i) {
      const Errand errand{turns.download[i], turns.steps[i], turns.upload[i]};
      const Trip trip = links.trip(turns.client[i], turns.round[i], errand, start, std::int64_t(next - first));
      if (trip.seconds() > round.seconds) round.seconds = trip.seconds(), round.slowest = turns.client[i];
      time.turns.push_back(
          {turns.round[i], turns.client[i], turns.round[i], "counted", turns.download[i], start, trip});
    }
    start += round.seconds;
    time.rounds.push_back(round);
  }
  require(!time.rounds.empty(), results.string(), " holds no turn: nothing was sent.");
  return time;
}

void add_rows(Table& table, const std::vector<VirtualTurn>& turns) {
  for (const VirtualTurn& turn : turns)
    table.add({turn.round, turn.client, turn.version, turn.outcome, turn.download_bytes, turn.start,
               turn.trip.download.waiting, turn.trip.download.moving, turn.trip.training_seconds,
               turn.trip.upload.waiting, turn.trip.upload.moving});
}

void add_rows(Table& table, const std::vector<VirtualRound>& rounds) {
  for (const VirtualRound& round : rounds) table.add({round.round, round.start, round.seconds, round.slowest});
}

VirtualTime recorded_virtual_time(const std::filesystem::path& results) {
  const h5::File file = h5::File::open(results);
  const std::string of_turns = schema::virtual_turns().group + "/", of_rounds = schema::virtual_rounds().group + "/";
  if (!file.has(of_rounds + schema::round)) return {};  // of a file of version 6.0
  const auto whole = [&](const std::string& column) { return file.read<std::int64_t>(column); };
  const auto real = [&](const std::string& column) { return file.read<double>(column); };
  VirtualTime time;
  const auto rounds = whole(of_rounds + schema::round), slowest = whole(of_rounds + "slowest_client");
  const auto starts = real(of_rounds + "start_seconds"), seconds = real(of_rounds + "seconds");
  for (std::size_t i = 0; i < rounds.size(); ++i) time.rounds.push_back({rounds[i], starts[i], seconds[i], slowest[i]});
  const auto round = whole(of_turns + schema::round), client = whole(of_turns + "client"),
             version = whole(of_turns + "version"), bytes = whole(of_turns + "download_bytes");
  const auto outcome = file.read_texts(of_turns + "outcome");
  const auto start = real(of_turns + "start_seconds"), training = real(of_turns + "training_seconds"),
             download_waiting = real(of_turns + "download_waiting_seconds"),
             download = real(of_turns + "download_seconds"), upload_waiting = real(of_turns + "upload_waiting_seconds"),
             upload = real(of_turns + "upload_seconds");
  for (std::size_t i = 0; i < round.size(); ++i)
    time.turns.push_back({round[i],
                          client[i],
                          version[i],
                          outcome[i],
                          bytes[i],
                          start[i],
                          {{download_waiting[i], download[i]}, training[i], {upload_waiting[i], upload[i]}}});
  return time;
}

double measured_step_seconds(const std::filesystem::path& results) {
  const h5::File file = h5::File::open(results);
  const auto seconds = file.read<double>(schema::turns({}).group + "/seconds");
  const auto steps = TurnColumns(file).steps;
  const double all = double(std::accumulate(steps.begin(), steps.end(), std::int64_t{0}));
  return all > 0 ? std::accumulate(seconds.begin(), seconds.end(), 0.0) / all : 0;
}

void write_virtual_time(const std::filesystem::path& path, const VirtualTime& time,
                        const std::map<std::string, std::string>& attributes) {
  Table turns(schema::virtual_turns()), rounds(schema::virtual_rounds());
  add_rows(turns, time.turns);
  add_rows(rounds, time.rounds);
  write_tables(path, {&turns, &rounds}, attributes);
}

}  // namespace fedorbit
