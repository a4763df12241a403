// fedorbit links: how long a finished run would have taken on the links of a real federation.
#include "federation/links.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <memory>

#include "core/clock.hpp"
#include "core/error.hpp"
#include "core/words.hpp"
#include "jobs/command_line.hpp"
#include "jobs/commands.hpp"
#include "jobs/opening.hpp"
#include "jobs/unused_options.hpp"
#include "results/accuracies.hpp"
#include "results/schema.hpp"
#include "results/virtual_time.hpp"

namespace fedorbit {
namespace {

struct LinksSection {
  LinkOptions links;
  void fields(OptionList& v) { v.section("links", links); }
};

struct Arguments {
  CommandLine line;
  std::string run;
  double accuracy = 0;
  LinksSection options;
};

std::filesystem::path results_of(const std::filesystem::path& place) {
  return std::filesystem::is_directory(place) ? place / "results.h5" : place;
}

/// Parts of a turn are often below a second.
std::string in_words(double seconds) { return seconds < 10 ? fixed(seconds, 3) + " s" : human_seconds(seconds); }

template <class Part>
std::string part(const char* what, const std::vector<VirtualTurn>& turns, Part part) {
  double sum = 0, most = 0, counted = 0;
  for (const VirtualTurn& turn : turns)
    if (turn.outcome == "counted") sum += part(turn), most = std::max(most, part(turn)), ++counted;
  return text("  ", what, ": mean ", in_words(sum / std::max(1.0, counted)), ", longest ", in_words(most), "\n");
}

std::string summary(const VirtualTime& time) {
  const auto rounds = std::int64_t(time.rounds.size());
  const double all = time.after(rounds);
  std::map<std::string, std::int64_t> outcomes;
  double stale = 0;
  for (const VirtualTurn& turn : time.turns) {
    ++outcomes[turn.outcome];
    if (turn.outcome == "counted") stale += double(turn.round - turn.version);
  }
  std::string became;
  for (const auto& [outcome, turns] : outcomes) became += text(became.empty() ? "" : ", ", turns, " ", outcome);
  std::string out =
      text(counted(rounds, "round"), " in ", human_seconds(all), ": ", fixed(86400 * double(rounds) / all, 1),
           " rounds a day\nreports: ", became, "; those counted began ",
           fixed(stale / double(std::max<std::int64_t>(1, outcomes["counted"])), 1),
           " rounds before in the mean\nof a client's turn that counted\n");
  out += part("download", time.turns, [](const VirtualTurn& turn) { return turn.trip.download.moving; });
  out += part("training", time.turns, [](const VirtualTurn& turn) { return turn.trip.training_seconds; });
  out += part("upload", time.turns, [](const VirtualTurn& turn) { return turn.trip.upload.moving; });
  out += part("waiting for contact", time.turns,
              [](const VirtualTurn& turn) { return turn.trip.download.waiting + turn.trip.upload.waiting; });
  return out;
}

/// When each kind of model first was as accurate as is asked for.
std::string time_to(double accuracy, const std::filesystem::path& results, const VirtualTime& time) {
  std::string out;
  for (const auto& [name, reached] : rounds_to(accuracy, results))
    out += reached ? text(name, " ", percent(accuracy), ": ", human_seconds(time.after(*reached)), ", after ",
                          counted(*reached, "round"), "\n")
                   : text(name, " ", percent(accuracy), ": never\n");
  return out;
}

void links(Arguments& arguments) {
  OptionList list = OptionList::of(arguments.options);
  if (arguments.line.read_into(list)) return;
  const std::filesystem::path results = results_of(arguments.run);
  LinkOptions& options = arguments.options.links;
  VirtualTime time = recorded_virtual_time(results);
  if (!time.rounds.empty()) {
    require(
        arguments.line.assignments.empty() && arguments.line.output.empty(), results.string(),
        " was scheduled by links of its own, and has /virtual_turns and /virtual_rounds: options of other links would "
        "say nothing, and -o write the same again.");
  } else {
    if (options.step_seconds == 0)
      fail(
          "links.step_seconds is not said, or 0: how long a client's device takes for a local step (this run's machine "
          "took ",
          fixed(measured_step_seconds(results), 6), " s); without it training would take no time.");
    refuse_unused_links(arguments.line.assignments, options);
    const Links links(options);
    options = options.resolved();
    if (!arguments.line.output.empty()) require_results_output(arguments.line.output, "links", {results});
    time = virtual_time(results, links);
  }
  std::fputs(summary(time).c_str(), stdout);
  if (arguments.accuracy > 0) std::fputs(time_to(arguments.accuracy, results, time).c_str(), stdout);
  if (!arguments.line.output.empty())
    write_virtual_time(arguments.line.output, time,
                       {{schema::attribute::options, list.toml()}, {"results", results.string()}});
}

}  // namespace

void add_links(CLI::App& program) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App& command =
      *program.add_subcommand("links", "say how long a run would take on the links of a real federation");
  command.add_option("run", arguments->run, "a run directory or its results file")->required();
  declare(command, arguments->line, "a results file of every turn's and round's seconds");
  list_in_help(command, arguments->options);
  declare_shortcut(command, arguments->line, "--profile", "links.profile", "as links.profile");
  declare_shortcut(command, arguments->line, "--step-seconds", "links.step_seconds", "as links.step_seconds");
  command.add_option("--accuracy", arguments->accuracy, "say when models were this accurate, from 0 to 1")
      ->check(CLI::Range(0.0, 1.0));
  command.callback([arguments] { links(*arguments); });
}

}  // namespace fedorbit
