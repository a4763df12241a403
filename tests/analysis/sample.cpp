// Writes the results file of a made-up run, for the tests of the analysis: `analysis_sample DIR [variant]`. Variants:
// "slower" (other seconds and ranks, same results), "other" (another loss), "killed" (leaves results.h5.part behind),
// "divided" (with validation and unseen images), "evaluation" (what `fedorbit evaluate` writes: scores of classes and
// of templates, no round).
#include <array>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <tuple>

#include "results/recorder.hpp"
#include "results/synthetic_run.hpp"

int main(int count, char** arguments) {
  using namespace fedorbit;
  const std::filesystem::path folder = arguments[1];
  const std::string variant = count > 2 ? arguments[2] : "";
  SyntheticRun run;
  if (variant == "slower") run.slowness = 3, run.ranks = 4;
  if (variant == "other") run.loss_shift = 1e-12;
  std::filesystem::create_directories(folder);
  Recorder recorder(folder / "results.h5");
  if (variant == "evaluation") {
    RunRecord record = run.start();
    record.clients.clear();
    recorder.started(record);
    for (const auto& [task, right, of_classes] :
         {std::tuple{task::zero_shot, 12, std::array{8, 2, 2}}, std::tuple{task::probe, 25, std::array{18, 4, 3}},
          std::tuple{task::neighbours, 20, std::array{15, 3, 2}}}) {
      std::vector<Score> scores;
      Score of{.scope = scope::frozen, .split = split::all, .task = task};
      append(scores, of, {right, 30, 33});
      for (std::size_t c = 0; c < 3; ++c) {
        of.label = std::int64_t(c);
        append(scores, of, {of_classes[c], c == 0 ? 20 : 5, 0}, false);
      }
      recorder.evaluated(scores);
    }
    recorder.confused({{0, scope::frozen, split::all, task::zero_shot, {8, 6, 6, 2, 2, 1, 2, 1, 2}}});
    recorder.templates_evaluated(
        {{"zero-shot", "a photo of a {}.", 10, 30, 1.2}, {"zero-shot", "an aerial photo of a {}.", 13, 30, 1.0}});
    recorder.finished({});
    return 0;
  }
  run.divided = variant == "divided";
  if (variant != "killed") {
    run.whole(recorder);
    return 0;
  }
  recorder.started(run.start());
  recorder.evaluated(run.scores(0));
  run.play(recorder, 0, 2);
  std::raise(SIGKILL);
}
