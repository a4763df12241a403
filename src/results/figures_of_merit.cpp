#include "results/figures_of_merit.hpp"

#include <algorithm>
#include <numeric>

#include "comm/ledger.hpp"
#include "core/error.hpp"
#include "core/words.hpp"
#include "io/h5.hpp"
#include "results/accuracies.hpp"
#include "results/schema.hpp"
#include "results/virtual_time.hpp"

namespace fedorbit {
namespace {

/// Names are read as far as the equals sign, so they are made of letters, digits and underscores.
std::string name_of(std::string name) {
  std::ranges::replace_if(
      name, [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

/// The sum of a column over the rounds of rank 0, of one phase or of all.
double of_root(const h5::File& file, const std::string& group, const std::string& column,
               const std::string& phase = "") {
  const auto rounds = file.read<std::int64_t>(group + "/" + schema::round),
             ranks = file.read<std::int64_t>(group + "/rank");
  const auto phases = file.read_texts(group + "/phase");
  const auto seconds = file.read<double>(group + "/" + column);
  double sum = 0;
  for (std::size_t i = 0; i < seconds.size(); ++i)
    if (rounds[i] != Ledger::before_rounds && ranks[i] == 0 && (phase.empty() || phases[i] == phase)) sum += seconds[i];
  return sum;
}

}  // namespace

std::string figures_of_merit(const std::filesystem::path& results) {
  const h5::File file = h5::File::open(results);
  std::string lines;
  for (const auto& [name, share] : accuracies(latest_scores(results)))
    lines += text("FOM accuracy_", name_of(name), "=", percent(share), "\n");
  const auto selected = file.read<std::int64_t>(schema::selections().group + "/" + schema::rounds_done);
  if (!selected.empty()) {
    std::vector<Score> of_selected;
    lines += text("FOM selected_after_rounds=", selected.back(), " rounds\n");
    for (const Score& score : latest_scores(results, selected.back()))
      if (score.scope == scope::global) of_selected.push_back(score);
    for (const auto& [name, share] : accuracies(of_selected))
      lines += text("FOM accuracy_selected_", name_of(name), "=", percent(share), "\n");
  }
  const std::string group = schema::rounds().group + "/";
  lines += text("FOM rounds=", file.dataset(group + schema::round).rows(), " rounds\n");
  for (const schema::Column& column : schema::rounds().columns)
    if (column.units == "byte") {
      const auto values = file.read<std::int64_t>(group + column.name);
      lines +=
          text("FOM ", column.name, "=", std::accumulate(values.begin(), values.end(), std::int64_t{0}), " byte\n");
    }
  const auto say = [&](const char* name, double seconds) {
    lines += text("FOM ", name, "=", fixed(seconds, 3), " s\n");
  };
  const std::string phases = schema::phases().group, moves = schema::transport().group;
  say("training_seconds", of_root(file, phases, "seconds", name(Phase::training)));
  say("evaluation_seconds", of_root(file, phases, "seconds", name(Phase::evaluation)));
  say("waiting_seconds", of_root(file, moves, "waiting_seconds"));
  say("transfer_seconds", of_root(file, moves, "transfer_seconds"));
  const VirtualTime federation = recorded_virtual_time(results);
  const auto lost = std::ranges::count_if(federation.turns, [](const VirtualTurn& turn) {
    return turn.outcome != "counted" && turn.outcome != "unfinished";
  });
  if (lost > 0) lines += text("FOM reports_lost=", lost, " clients\n");
  if (!federation.rounds.empty()) say("virtual_seconds", federation.after(federation.rounds.back().round + 1));
  const auto all = file.read<double>(group + "total_seconds");
  say("total_seconds", std::accumulate(all.begin(), all.end(), 0.0));
  lines.pop_back();
  return lines;
}

}  // namespace fedorbit
