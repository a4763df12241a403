// The results file: what was told is read back, a killed run goes on, and a full disk is said so.
#include "results/recorder.hpp"

#include <ATen/ops/equal.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <sstream>
#include <thread>

#include "core/error.hpp"
#include "io/file.hpp"
#include "io/h5_tensor.hpp"
#include "results/synthetic_run.hpp"

namespace fedorbit {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Key;

struct Results : testing::Test {
  std::filesystem::path folder =
      std::filesystem::temp_directory_path() /
      text("fedorbit-results-", getpid(), "-", testing::UnitTest::GetInstance()->current_test_info()->name());
  std::filesystem::path path = folder / "results.h5";
  void SetUp() override { std::filesystem::create_directories(folder); }
  void TearDown() override { std::filesystem::remove_all(folder); }
};

template <class Action>
std::string sentence_of(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

/// Every dataset below `group` that is not a time, by path, as text.
void collect(const h5::File& file, const std::string& group, std::map<std::string, std::string>& found) {
  for (const std::string& name : file.names(group)) {
    const std::string path = (group == "/" ? "" : group) + "/" + name;
    if (file.is_group(path)) {
      collect(file, path, found);
      continue;
    }
    const h5::Dataset dataset = file.dataset(path);
    if (dataset.has_attribute("kind") && dataset.text_attribute("kind") == "time") continue;
    std::ostringstream out;
    if (dataset.holds_text())
      for (const std::string& value : dataset.read_texts()) out << value << '|';
    else
      out << h5::read_tensor(file, path);
    found[path] = out.str();
  }
}

std::map<std::string, std::string> content(const std::filesystem::path& path) {
  std::map<std::string, std::string> found;
  collect(h5::File::open(path), "/", found);
  return found;
}

/// A mark that a process leaves for the one after it, as a checkpoint does.
void leave_mark(Recorder& recorder, const std::filesystem::path& file) {
  const Journal::Mark mark = recorder.keep();
  write_file(file, text(mark.bytes, " ", mark.checksum));
}

Journal::Mark mark_in(const std::filesystem::path& file) {
  Journal::Mark mark;
  std::istringstream(read_file(file)) >> mark.bytes >> mark.checksum;
  return mark;
}

/// Runs `action` in a process of its own that ends by SIGKILL, whatever the action does.
template <class Action>
void kill_after(Action action) {
  const pid_t child = fork();
  if (child == 0) {
    action();
    kill(getpid(), SIGKILL);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

TEST_F(Results, HoldSplitsAndWhichModelWasKept) {
  SyntheticRun run;
  run.divided = true;
  Recorder recorder(path);
  run.whole(recorder);
  const h5::File file = h5::File::open(path);
  EXPECT_THAT(file.read<std::int64_t>("/selections/rounds_done"), ElementsAre(1, 2));
  EXPECT_THAT(file.read<double>("/selections/accuracy"), ElementsAre(0.5, 0.8));
  EXPECT_THAT(file.read<std::int64_t>("/clients/validation_samples"), ElementsAre(4, 4, 4, 4, 4, 4, 0));
  EXPECT_THAT(file.read<std::int64_t>("/clients/unseen_samples"), ElementsAre(0, 0, 0, 0, 0, 0, 9));
  EXPECT_EQ(file.read<std::int64_t>("/client_classes/unseen_samples").back(), 9);
  EXPECT_EQ(file.read<std::int64_t>("/client_classes/validation_samples").front(), 4);
}

TEST_F(Results, WhatWasToldIsReadBack) {
  const SyntheticRun run;
  Recorder recorder(path);
  run.whole(recorder);
  EXPECT_FALSE(std::filesystem::exists(part_path(path)));
  const h5::File file = h5::File::open(path);
  EXPECT_EQ(file.text_attribute("filetype"), "fedorbit-results");
  EXPECT_THAT(file.integers_attribute("version"), ElementsAre(5, 1));
  EXPECT_EQ(file.text_attribute("options"), run.start().options_toml);
  EXPECT_EQ(file.text_attribute("hosts"), "node2");
  EXPECT_EQ(file.text_attribute("start").size(), 20u);
  EXPECT_EQ(file.text_attribute("end").size(), 20u);
  EXPECT_THAT(file.read_texts("/classes/name"), ElementsAre("forest", "storage tanks", "côte"));
  EXPECT_THAT(file.read<std::int64_t>("/clients/train_samples"), ElementsAre(20, 21, 22, 23, 24, 25));
  EXPECT_EQ(file.dataset("/client_classes/train_samples").rows(), 12);
  EXPECT_THAT(file.read_texts("/domains/name"), ElementsAre("aerial", "satellite"));
  EXPECT_THAT(file.read<std::int64_t>("/clients/domain"), ElementsAre(-1, 0, 1, -1, 0, 1));
  const auto ranks = file.read<std::int64_t>("/placement/rank");
  EXPECT_EQ(ranks.size(), 30u);
  EXPECT_THAT(std::vector(ranks.begin(), ranks.begin() + 6), ElementsAre(0, 1, 0, 1, 0, 1));
  EXPECT_EQ(file.read<std::int64_t>("/placement/round")[29], 4);
  EXPECT_THAT(file.read<std::int64_t>("/rounds/round"), ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(file.read<double>("/rounds/loss"), ElementsAre(1.5, 0.75, 0.5, 0.375, 0.3));
  EXPECT_THAT(file.read<std::int64_t>("/rounds/upload_bytes"), Each(6 * 8192));
  EXPECT_EQ(file.read<std::int64_t>("/turns/client").size(), 30u);
  for (const auto& [column, bytes] : std::map<std::string, std::int64_t>{{"upload", 8192},
                                                                         {"upload_payload", 8000},
                                                                         {"upload_statistics", 128},
                                                                         {"upload_extras", 64},
                                                                         {"download", 8192},
                                                                         {"download_payload", 4096},
                                                                         {"download_statistics", 2048},
                                                                         {"download_extras", 2048}})
    EXPECT_THAT(file.read<std::int64_t>("/turns/" + column + "_bytes"), Each(bytes)) << column;
  EXPECT_EQ(file.read<double>("/turns/alignment_loss")[29], 0.1);
  EXPECT_EQ(file.read<double>("/turns/transport_iterations")[29], 17);
  EXPECT_EQ(file.read_texts("/scores/task")[0], "zero-shot");
  EXPECT_EQ(file.read_texts("/scores/scope")[0], "frozen");
  EXPECT_EQ(file.dataset("/scores/client").rows(), 6 * (2 + 3 + 6));
  EXPECT_THAT(file.dataset("/scores/class").read_rows<std::int64_t>(0, 5), ElementsAre(-1, -1, 0, 1, 2));
  EXPECT_THAT(file.dataset("/scores/count").read_rows<std::int64_t>(0, 5), ElementsAre(30, 30, 20, 5, 5));
  EXPECT_THAT(file.dataset("/scores/correct").read_rows<std::int64_t>(0, 5), ElementsAre(10, -1, 8, 1, 1));
  EXPECT_THAT(file.dataset("/scores/value").read_rows<double>(0, 2), ElementsAre(10.0 / 30, 1.1));
  EXPECT_THAT(file.read<std::int64_t>("/confusions/images"), ElementsAre(18, 2, 1, 4, 5));
  EXPECT_THAT(file.read<std::int64_t>("/confusions/answer"), ElementsAre(0, 1, 0, 1, 2));
  EXPECT_THAT(file.read_texts("/domains/name"), ElementsAre("aerial", "satellite"));
  EXPECT_EQ(file.dataset("/transport/bytes").rows(), 5 * 2 * 2);
  EXPECT_EQ(file.dataset("/phases/seconds").rows(), 5 * 2 * 3);
  EXPECT_THAT(file.read_texts("/events/message"), ElementsAre("client 3 holds one class only"));
  EXPECT_TRUE(at::equal(h5::read_tensor(file, "/state/prompt.context"), run.shared()[0].second));
}

TEST_F(Results, EveryDatasetHasUnitsAndADimensionScale) {
  Recorder recorder(path);
  SyntheticRun{}.whole(recorder);
  const h5::File file = h5::File::open(path);
  const auto datasets = content(path);
  EXPECT_THAT(datasets, AllOf(Contains(Key("/state/scale")), Contains(Key("/turns/row"))));
  for (const auto& [name, values] : datasets) {
    const h5::Dataset dataset = file.dataset(name);
    EXPECT_TRUE(dataset.has_attribute("units")) << name;
    EXPECT_NE(dataset.has_attribute("long_name"), name.starts_with("/state/")) << name << ": columns are described";
    EXPECT_TRUE(dataset.has_attribute("DIMENSION_LIST") || dataset.has_attribute("CLASS")) << name;
  }
  EXPECT_EQ(file.dataset("/rounds/total_seconds").text_attribute("units"), "s");
  EXPECT_EQ(file.dataset("/rounds/total_seconds").text_attribute("kind"), "time");
  EXPECT_EQ(file.dataset("/turns/alignment_loss").text_attribute("kind"), "diagnostic");
  EXPECT_EQ(file.dataset("/transport/bytes").text_attribute("kind"), "transport");
}

TEST_F(Results, AReaderSeesEachRoundWhileTheRunGoesOn) {
  const SyntheticRun run;
  Recorder recorder(path);
  recorder.started(run.start());
  for (std::int64_t r = 0; r < 3; ++r) {
    recorder.round_committed(run.round(r));
    const h5::File reader = h5::File::open(part_path(path), h5::Access::read_swmr);
    EXPECT_EQ(reader.dataset("/rounds/loss").rows(), r + 1);
    EXPECT_EQ(reader.read<double>("/rounds/loss").back(), 1.5 / double(r + 1));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(Results, AKilledRunThatGoesOnEqualsAnUninterruptedOne) {
  const SyntheticRun run;
  const std::filesystem::path whole = folder / "whole.h5";
  {
    Recorder recorder(whole);
    run.whole(recorder);
  }
  kill_after([&] {
    auto* recorder = new Recorder(path);  // never deleted: a killed process closes nothing
    recorder->started(run.start());
    recorder->evaluated(run.scores(0));
    recorder->confused(run.confusions());
    recorder->happened({0, "warning", "client 3 holds one class only"});
    run.play(*recorder, 0, 1);
    leave_mark(*recorder, folder / "mark");
    run.play(*recorder, 2, 3);
  });
  // Not even what is left of the file is needed.
  std::filesystem::resize_file(part_path(path), 1000);
  Recorder recorder(path, mark_in(folder / "mark"));
  recorder.started(run.start());
  run.play(recorder, 2, 4);
  recorder.finished(run.shared());
  EXPECT_EQ(content(path), content(whole));
}

TEST_F(Results, ARunKilledAtAnyMomentCanGoOn) {
  const SyntheticRun run;
  for (int trial = 0; trial < 6; ++trial) {
    const pid_t child = fork();
    if (child == 0) {
      Recorder recorder(path);
      recorder.started(run.start());
      for (std::int64_t r = 0; true; ++r) {
        run.play(recorder, r, r);
        leave_mark(recorder, folder / text("mark", r));
      }
    }
    while (!std::filesystem::exists(folder / "mark1")) std::this_thread::yield();
    std::this_thread::sleep_for(std::chrono::milliseconds(17 * trial));
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    std::int64_t reached = 2;
    while (std::filesystem::exists(folder / text("mark", reached))) ++reached;
    {
      Recorder recorder(path, mark_in(folder / text("mark", reached - 1)));
      recorder.started(run.start());
      run.play(recorder, reached, reached);
      recorder.finished(run.shared());
    }
    const h5::File file = h5::File::open(path);
    const auto rounds = file.read<std::int64_t>("/rounds/round");
    ASSERT_EQ(std::int64_t(rounds.size()), reached + 1);
    for (std::size_t i = 0; i < rounds.size(); ++i) ASSERT_EQ(rounds[i], std::int64_t(i));
    EXPECT_EQ(file.dataset("/turns/seconds").rows(), (reached + 1) * run.clients);
    EXPECT_EQ(file.dataset("/scores/value").rows(), (reached + 1) * (run.clients + 5));
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
  }
}

TEST_F(Results, EventsAfterTheCheckpointAreKeptAndRoundsAreNot) {
  const SyntheticRun run;
  Journal::Mark mark;
  {
    Recorder recorder(path);
    recorder.started(run.start());
    mark = recorder.keep();
    run.play(recorder, 0, 0);
    recorder.happened({0, "resumed", "after the checkpoint"});
  }
  Recorder recorder(path, mark);
  recorder.started(run.start());
  recorder.happened({0, "resumed", "once more"});
  const h5::File reader = h5::File::open(part_path(path), h5::Access::read_swmr);
  EXPECT_THAT(reader.read_texts("/events/message"), ElementsAre("after the checkpoint", "once more"));
  EXPECT_EQ(reader.dataset("/rounds/round").rows(), 0);
}

TEST_F(Results, ARunCannotGoOnWithARecordThatIsNotItsOwn) {
  const SyntheticRun run;
  Journal::Mark mark;
  const auto sentence = [&](const RunRecord& record) {
    return sentence_of([&] { Recorder(path, mark).started(record); });
  };
  {
    Recorder recorder(path);
    recorder.started(run.start());
    mark = recorder.keep();
  }
  RunRecord other = run.start();
  other.class_names.back() = "harbor";
  EXPECT_THAT(sentence(other), HasSubstr("other classes"));
  EXPECT_EQ(sentence(run.start()), "nothing was thrown");
  std::filesystem::remove(Recorder::journal_of(path));
  EXPECT_THAT(sentence(run.start()), HasSubstr("results.h5.journal cannot be opened"));
}

TEST_F(Results, ARunCannotGoOnWithOtherInputsOrOnAnotherProcessor) {
  const SyntheticRun run;
  RunRecord start = run.start();
  start.provenance["data_sha256"] = "aaaa";
  start.provenance["weights_sha256"] = "bbbb";
  start.provenance["arithmetic"] = "processor one";
  Journal::Mark mark;
  {
    Recorder recorder(path);
    recorder.started(start);
    run.play(recorder, 0, 1);
    mark = recorder.keep();
  }
  RunRecord other = start;
  other.provenance["data_sha256"] = "cccc";
  EXPECT_THAT(sentence_of([&] { Recorder(path, mark).started(other); }), AllOf(HasSubstr("aaaa"), HasSubstr("cccc")));
  other = start;
  other.provenance["arithmetic"] = "processor two";
  EXPECT_THAT(sentence_of([&] { Recorder(path, mark).started(other); }), HasSubstr("arithmetic = processor one"));
  EXPECT_EQ(sentence_of([&] { Recorder(path, mark).started(start); }), "nothing was thrown");
}

TEST_F(Results, WhatARunAtWorkNeedsIsGoneWhenItHasFinished) {
  const SyntheticRun run;
  Recorder recorder(path);
  run.whole(recorder);
  std::size_t files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder)) ++files;
  EXPECT_EQ(files, 1u);
}

TEST_F(Results, TwoDiagnosticsOfOneNameAreRefused) {
  RunRecord record = SyntheticRun{}.start();
  record.diagnostics = {"loss"};
  EXPECT_THAT(sentence_of([&] { Recorder(path).started(record); }), HasSubstr("two columns loss"));
}

TEST_F(Results, AFullDiskIsSaidSoAndLeavesNoFinishedFile) {
  if (mount("none", folder.c_str(), "tmpfs", 0, "size=2m") != 0)
    GTEST_SKIP() << "a small file system cannot be mounted here";
  const SyntheticRun run{.rounds = 100'000};
  Journal::Mark mark;
  const std::string sentence = sentence_of([&] {
    Recorder recorder(path);
    recorder.started(run.start());
    run.play(recorder, 0, 2);
    mark = recorder.keep();
    run.play(recorder, 3, run.rounds);
  });
  EXPECT_THAT(sentence, AllOf(HasSubstr("results."), HasSubstr("No space left on device")));
  EXPECT_FALSE(std::filesystem::exists(path));
  // With room again the run goes on from its last committed rounds.
  mount("none", folder.c_str(), "tmpfs", MS_REMOUNT, "size=20m");
  EXPECT_EQ(sentence_of([&] {
              Recorder recorder(path, mark);
              recorder.started(run.start());
              run.play(recorder, 3, 4);
              recorder.finished(run.shared());
            }),
            "nothing was thrown");
  EXPECT_THAT(h5::File::open(path).read<std::int64_t>("/rounds/round"), ElementsAre(0, 1, 2, 3, 4));
  umount2(folder.c_str(), MNT_DETACH);
}

TEST_F(Results, ADiskThatIsFullWhenTheRunEndsIsSaidSoAndTheRunGoesOnLater) {
  if (mount("none", folder.c_str(), "tmpfs", 0, "size=4m") != 0)
    GTEST_SKIP() << "a small file system cannot be mounted here";
  const SyntheticRun run;
  Journal::Mark mark;
  const std::string sentence = sentence_of([&] {
    Recorder recorder(path);
    recorder.started(run.start());
    run.play(recorder, 0, 4);
    mark = recorder.keep();
    std::ofstream(folder / "other") << std::string(4 << 20, 'x');  // what others fill the disk with
    recorder.finished(run.shared());
  });
  EXPECT_THAT(sentence, AllOf(HasSubstr("results.h5"), HasSubstr("No space left on device")));
  EXPECT_FALSE(std::filesystem::exists(path));
  std::filesystem::remove(folder / "other");
  EXPECT_EQ(sentence_of([&] {
              Recorder recorder(path, mark);
              recorder.started(run.start());
              recorder.finished(run.shared());
            }),
            "nothing was thrown");
  EXPECT_EQ(h5::File::open(path).dataset("/rounds/round").rows(), 5);
  umount2(folder.c_str(), MNT_DETACH);
}

}  // namespace
}  // namespace fedorbit
