// Writes the results file of a made-up run, for the tests of the analysis: `analysis_sample DIR [variant]`. Variants:
// "slower" (other seconds and ranks, same results), "other" (another loss), "killed" (leaves results.h5.part behind).
#include <csignal>
#include <filesystem>
#include <iostream>

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
  if (variant != "killed") {
    run.whole(recorder);
    return 0;
  }
  recorder.started(run.start());
  recorder.evaluated(run.scores(0));
  run.play(recorder, 1, 3);
  std::raise(SIGKILL);
}
