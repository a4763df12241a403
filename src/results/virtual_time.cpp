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
  if (rounds_done == 0 || rounds.empty()) return 0;
  const VirtualRound& last = rounds[std::size_t(std::min<std::int64_t>(rounds_done, std::int64_t(rounds.size()))) - 1];
  return last.start + last.seconds;
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
      const auto sharing = std::int64_t(next - first);
      VirtualTurn turn{
          turns.round[i], turns.client[i], {}, {}, links.training_seconds(turns.client[i], turns.steps[i])};
      turn.download = links.download(turn.client, turn.round, turns.download[i], start, sharing);
      turn.upload = links.upload(turn.client, turn.round, turns.upload[i],
                                 start + turn.download.seconds() + turn.training_seconds, sharing);
      if (turn.seconds() > round.seconds) round.seconds = turn.seconds(), round.slowest = turn.client;
      time.turns.push_back(turn);
    }
    start += round.seconds;
    time.rounds.push_back(round);
  }
  require(!time.rounds.empty(), results.string(), " holds no turn: nothing was sent.");
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
  for (const VirtualTurn& turn : time.turns)
    turns.add({turn.round, turn.client, turn.download.waiting, turn.download.moving, turn.training_seconds,
               turn.upload.waiting, turn.upload.moving});
  for (const VirtualRound& round : time.rounds) rounds.add({round.round, round.start, round.seconds, round.slowest});
  write_tables(path, {&turns, &rounds}, attributes);
}

}  // namespace fedorbit
