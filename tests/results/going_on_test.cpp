// A results file whose run is killed, or whose disk is full, goes on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>

#include <fstream>
#include <thread>

#include "results/results_file.hpp"

namespace fedorbit {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
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
