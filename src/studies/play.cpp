#include "studies/play.hpp"

#include <algorithm>
#include <chrono>
#include <deque>
#include <iterator>
#include <map>
#include <sstream>
#include <thread>

#include "comm/lifeline.hpp"
#include "core/clock.hpp"
#include "core/error.hpp"
#include "core/log.hpp"
#include "core/words.hpp"
#include "io/file.hpp"
#include "results/accuracies.hpp"
#include "studies/estimate.hpp"
#include "studies/launch.hpp"

namespace fedorbit {
namespace {

constexpr int saved = 75, killed = 128;  // exit codes: after a signal that asked; from here on, by a signal
constexpr int most_attempts = 3;
constexpr std::size_t looked_at = 50;  // finished runs, for the estimate
constexpr std::int64_t timed_rounds = 2;

/// What of a run's accuracies fits a line: the server's on all images, and its clients' own as their mean; of a run
/// that has neither, what it has.
std::string scores_in_words(const std::filesystem::path& results) {
  std::string words, all;
  for (const auto& [name, share] : accuracies(latest_scores(results))) {
    const std::string said = text("  ", name, " ", percent(share));
    all += said;
    if (name == "global pool" || name == "personal mean") words += said;
  }
  return words.empty() ? all : words;
}

struct AtWork {
  const StudyRun* run;
  Process process;
  Stopwatch watch;
};

class Play {
 public:
  Play(const Study& study, const StudyDirectory& directory, const volatile std::sig_atomic_t& signal)
      : study_(study), directory_(directory), signal_(signal) {}

  StudyOutcome outcome() {
    prepare();
    for (const StudyRun& run : study_.runs) {
      if (directory_.state(run) != RunState::finished) {
        waiting_.push_back(&run);
        continue;
      }
      ++outcome_.finished;
      if (outcome_.finished <= std::int64_t(looked_at) && !estimate_.knows(run))
        estimate_.learn(run, directory_.results(run));
    }
    if (waiting_.empty()) return outcome_;
    announce();
    while ((!waiting_.empty() && signal_ == 0) || !at_work_.empty()) {
      if (signal_ == 0) start();
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      if (signal_ != 0 && !asked_) {
        asked_ = true;
        for (const AtWork& one : at_work_) one.process.ask_to_end();
      }
      gather();
    }
    outcome_.interrupted = signal_ != 0;
    return outcome_;
  }

 private:
  std::int64_t cores_of(const StudyRun& run) const { return run.ranks * run.threads; }

  /// One command of the program, waited for.
  void wait_for(const std::vector<std::string>& words, std::int64_t ranks, std::int64_t threads,
                const std::filesystem::path& output) const {
    Process process = launch(words, ranks, threads, output);
    std::optional<Ended> ended;
    bool asked = false;
    while (!(ended = process.poll())) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      if (signal_ != 0 && !asked) process.ask_to_end(), asked = true;
    }
    require(asked || (ended->code == 0 && ended->signal == 0), words.front(), " failed: ", last_sentence(output));
  }

  void prepare() const {
    for (const StudyStep& step : study_.before) {
      if (signal_ != 0 || std::filesystem::exists(step.makes)) continue;
      log::info("before the runs: ", step.command);
      std::istringstream line(step.command);
      const std::vector<std::string> words{std::istream_iterator<std::string>(line), {}};
      wait_for(words, step.ranks, 1, directory_.path() / "before.txt");
      require(signal_ != 0 || std::filesystem::exists(step.makes), "before the runs: ", step.command, " did not make ",
              step.makes, ".");
    }
  }

  void announce() {
    const std::int64_t most =
        cores_of(**std::ranges::max_element(waiting_, {}, [&](const StudyRun* run) { return cores_of(*run); }));
    if (most > cores_)
      log::warning("a run of this study takes ", counted(most, "core"), ", but this process may use ", cores_,
                   ": its ranks take turns, and its seconds say little.");
    std::string known;
    if (!estimate_.seconds(*waiting_.front()) && waiting_.size() > 1) known = time_one();
    if (signal_ != 0) return;
    log::info(study_.name, ": ", counted(std::int64_t(study_.runs.size()), "run"), ", ", outcome_.finished,
              " finished, ", waiting_.size(), " to go on ", counted(cores_, "core"), left(), known);
  }

  /// A run of a few rounds, so that the first estimate is a measured one.
  std::string time_one() {
    const StudyRun& run = *waiting_.front();
    const std::int64_t rounds = std::min(timed_rounds, run.rounds);
    if (rounds == 0) return "";
    const std::filesystem::path folder = directory_.path() / "timing";
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
    write_file(folder / "run.toml", run.configuration);
    const Stopwatch watch;
    try {
      wait_for({"run", (folder / "run.toml").string(), "-o", (folder / "run").string(), "--set",
                text("training.rounds=", rounds)},
               run.ranks, run.threads, folder / "output.txt");
    } catch (const Error&) {
      return "";  // what is wrong is said when the run itself has its turn
    }
    if (signal_ != 0) return "";
    const double a_round = seconds_a_round(folder / "run" / "results.h5");
    estimate_.learn(run, std::max(0.0, watch.seconds() - a_round * double(rounds)), a_round);
    std::filesystem::remove_all(folder);
    return text(" (by a timed run of ", counted(rounds, "round"), ")");
  }

  void start() {
    for (std::size_t looked = waiting_.size(); looked > 0; --looked) {
      const StudyRun* run = waiting_.front();
      if (!at_work_.empty() && used_ + cores_of(*run) > cores_) return;
      waiting_.pop_front();
      // One that a killed study left behind may still be saving.
      if (directory_.state(*run) == RunState::at_work) {
        waiting_.push_back(run);
        continue;
      }
      std::filesystem::create_directories(directory_.folder(*run));
      directory_.clear_failure(*run);
      write_file(directory_.configuration(*run), run->configuration);
      at_work_.push_back(
          {run,
           launch({"run", directory_.configuration(*run).string(), "-o", directory_.folder(*run).string()}, run->ranks,
                  run->threads, directory_.output(*run)),
           {}});
      used_ += cores_of(*run);
      ++attempts_[run];
    }
  }

  void gather() {
    for (auto one = at_work_.begin(); one != at_work_.end();) {
      const std::optional<Ended> ended = one->process.poll();
      if (!ended) {
        ++one;
        continue;
      }
      const StudyRun& run = *one->run;
      const double seconds = one->watch.seconds();
      one = at_work_.erase(one);
      used_ -= cores_of(run);
      judge(run, *ended, seconds);
    }
  }

  void judge(const StudyRun& run, const Ended& ended, double seconds) {
    const bool well = ended.signal == 0 && ended.code == 0;
    const std::string sentence = well ? "" : last_sentence(directory_.output(run));
    const bool stopped = ended.signal != 0 || ended.code == saved || ended.code >= killed ||
                         sentence.find(lost_rank) != std::string::npos;
    if (well) {
      ++outcome_.finished;
      if (attempts_[&run] == 1) {
        const double a_round = seconds_a_round(directory_.results(run));
        estimate_.learn(run, std::max(0.0, seconds - a_round * double(run.rounds)), a_round);
      }
      log::info(place(), run.name, "  ", human_seconds(seconds), scores_in_words(directory_.results(run)), left());
    } else if (stopped && signal_ != 0) {
      log::info(place(), run.name, "  interrupted");
    } else if (stopped && attempts_[&run] < most_attempts) {
      log::info(place(), run.name, "  was killed; it goes on");
      waiting_.push_front(&run);
    } else {
      // A study has no --restart, which a run may advise.
      const bool anew = sentence.find("--restart") != std::string::npos;
      directory_.write_failure(
          run, stopped ? "it was killed each time."
               : anew  ? text(sentence, " In a study remove ", directory_.folder(run).string(), " for that.")
                       : sentence);
      outcome_.failed.push_back(run.name);
      log::info(place(), run.name, "  failed: ", directory_.failure(run), left());
    }
  }

  /// "[ 3/12] ".
  std::string place() const {
    const std::string all = std::to_string(study_.runs.size()), done = std::to_string(outcome_.finished);
    return "[" + std::string(all.size() - done.size(), ' ') + done + "/" + all + "] ";
  }

  /// "  left 2 min 3 s": what all cores together still need, or the longest run.
  std::string left() const {
    double core_seconds = 0, longest = 0;
    const auto add = [&](const StudyRun& run, double done) {
      const double seconds = std::max(0.0, *estimate_.seconds(run) - done);
      core_seconds += seconds * double(std::min(cores_of(run), cores_));
      longest = std::max(longest, seconds);
    };
    if (waiting_.empty() && at_work_.empty()) return "";
    for (const StudyRun* run : waiting_)
      if (estimate_.seconds(*run)) add(*run, 0);
    for (const AtWork& one : at_work_)
      if (estimate_.seconds(*one.run)) add(*one.run, one.watch.seconds());
    return core_seconds > 0 ? "  left " + human_seconds(std::max(longest, core_seconds / double(cores_))) : "";
  }

  const Study& study_;
  const StudyDirectory& directory_;
  const volatile std::sig_atomic_t& signal_;
  const std::int64_t cores_ = usable_cores();
  std::deque<const StudyRun*> waiting_;
  std::vector<AtWork> at_work_;
  std::map<const StudyRun*, int> attempts_;
  std::int64_t used_ = 0;  // cores
  bool asked_ = false;
  Estimate estimate_;
  StudyOutcome outcome_;
};

}  // namespace

StudyOutcome play(const Study& study, const StudyDirectory& directory, const volatile std::sig_atomic_t& signal) {
  return Play(study, directory, signal).outcome();
}

std::string states_in_words(const Study& study, const StudyDirectory& directory) {
  std::map<RunState, std::int64_t> counts;
  std::string lines;
  std::size_t width = 0;
  for (const StudyRun& run : study.runs) width = std::max(width, run.name.size());
  for (const StudyRun& run : study.runs) {
    const RunState state = directory.state(run);
    ++counts[state];
    lines += run.name + std::string(width - run.name.size() + 2, ' ') + in_words(state);
    if (state == RunState::finished) lines += scores_in_words(directory.results(run));
    if (state == RunState::failed) lines += ": " + directory.failure(run);
    lines += "\n";
  }
  std::string sums;
  for (const auto& [state, count] : counts) sums += text(", ", count, " ", in_words(state));
  return lines + study.name + ": " + counted(std::int64_t(study.runs.size()), "run") + sums;
}

}  // namespace fedorbit
