// The lines that harnesses of benchmarks read.
#include "results/figures_of_merit.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include "core/error.hpp"
#include "results/recorder.hpp"
#include "results/synthetic_run.hpp"

namespace fedorbit {
namespace {

TEST(FiguresOfMerit, are_those_of_the_whole_run_and_of_its_last_scores) {
  const auto folder = std::filesystem::temp_directory_path() / text("fedorbit-fom-", getpid());
  std::filesystem::create_directories(folder);
  Recorder recorder(folder / "results.h5");
  SyntheticRun().whole(recorder);
  EXPECT_EQ(figures_of_merit(folder / "results.h5"),
            "FOM accuracy_zero_shot=33.3 %\n"
            "FOM accuracy_global_pool=73.3 %\n"
            "FOM accuracy_personal_mean=70.0 %\n"
            "FOM rounds=5 rounds\n"
            "FOM upload_bytes=245760 byte\n"
            "FOM download_bytes=245760 byte\n"
            "FOM training_seconds=10.000 s\n"
            "FOM evaluation_seconds=0.000 s\n"
            "FOM waiting_seconds=0.010 s\n"
            "FOM transfer_seconds=0.007 s\n"
            "FOM total_seconds=13.500 s");
  std::filesystem::remove_all(folder);
}

TEST(FiguresOfMerit, tell_splits_apart_and_what_the_selected_model_scored) {
  const auto folder = std::filesystem::temp_directory_path() / text("fedorbit-fom-", getpid());
  std::filesystem::create_directories(folder);
  Recorder recorder(folder / "results.h5");
  SyntheticRun run;
  run.divided = true;
  run.whole(recorder);
  const std::string lines = figures_of_merit(folder / "results.h5");
  EXPECT_TRUE(
      lines.starts_with("FOM accuracy_zero_shot=33.3 %\n"
                        "FOM accuracy_global_pool=73.3 %\n"
                        "FOM accuracy_personal_mean=70.0 %\n"
                        "FOM accuracy_global_validation_pool=50.0 %\n"
                        "FOM accuracy_global_unseen_pool=33.3 %\n"
                        "FOM selected_after_rounds=2 rounds\n"
                        "FOM accuracy_selected_global_pool=56.7 %\n"
                        "FOM accuracy_selected_global_validation_pool=83.3 %\n"
                        "FOM accuracy_selected_global_unseen_pool=33.3 %\n"
                        "FOM rounds=5 rounds\n"))
      << lines;
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace fedorbit
