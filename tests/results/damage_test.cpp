// What a run goes on from after its files were damaged: never other numbers than it had.
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <random>

#include "core/error.hpp"
#include "core/version.hpp"
#include "io/file.hpp"
#include "results/recorder.hpp"
#include "results/resume.hpp"
#include "results/synthetic_run.hpp"

namespace fedorbit {
namespace {

using testing::AllOf;
using testing::HasSubstr;

/// A run with two checkpoints, after two and after four rounds, and its files as they were.
struct Damage : testing::Test {
  std::filesystem::path folder =
      std::filesystem::temp_directory_path() /
      text("fedorbit-damage-", getpid(), "-", testing::UnitTest::GetInstance()->current_test_info()->name());
  std::filesystem::path results = folder / "results.h5", journal = Recorder::journal_of(results),
                        newest = folder / "checkpoint.h5", before = Checkpoint::previous(newest);
  std::map<std::filesystem::path, std::string> files;

  void SetUp() override {
    std::filesystem::create_directories(folder);
    const SyntheticRun run;
    Recorder recorder(results);
    recorder.started(run.start());
    for (const std::int64_t rounds : {2, 4}) {
      run.play(recorder, rounds - 2, rounds - 1);
      Checkpoint checkpoint = after(rounds);
      checkpoint.recorded = recorder.keep();
      checkpoint.write(newest);
    }
    for (const auto& file : {journal, newest, before}) files[file] = read_file(file);
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  static Checkpoint after(std::int64_t rounds) {
    Checkpoint checkpoint;
    checkpoint.round = rounds;
    checkpoint.options_toml = "seed = 1\n";
    checkpoint.build = "this one";
    checkpoint.server = {{"global", at::arange(100, at::kFloat) / double(rounds)}};
    checkpoint.clients = {{0, 1, 2}, 40, [rounds](const ClientRows::Take& take) {
                            for (const Tensor& row : rows_after(rounds).unbind()) take(row);
                          }};
    return checkpoint;
  }

  static Tensor rows_after(std::int64_t rounds) {
    return at::arange(3 * 40, at::kFloat).view({3, 40}) * double(rounds);
  }

  static void put(const std::filesystem::path& file, const std::string& bytes) {
    std::ofstream(file, std::ios::binary) << bytes;
  }

  void restore() {
    std::filesystem::remove(damaged_path(newest));
    for (const auto& [file, bytes] : files) put(file, bytes);
  }

  /// One bit of the file flipped, or the file cut.
  void damage(const std::filesystem::path& file, std::mt19937& draw) {
    std::string bytes = files.at(file);
    const std::size_t at = draw() % bytes.size();
    if (draw() % 10 == 0)
      bytes.resize(at);
    else
      bytes[at] = char(bytes[at] ^ 1 << draw() % 8);
    put(file, bytes);
  }

  static void expect_same(const Checkpoint& found, const Checkpoint& expected) {
    EXPECT_EQ(found.options_toml, expected.options_toml);
    EXPECT_EQ(found.build, expected.build);
    EXPECT_EQ(found.clients.clients, expected.clients.clients);
    ASSERT_EQ(found.server.size(), 1u);
    EXPECT_TRUE(at::equal(found.server.at("global"), expected.server.at("global")));
    std::int64_t next = 0;
    found.clients.visit([&](const Tensor& row) { EXPECT_TRUE(at::equal(row, rows_after(expected.round)[next++])); });
    EXPECT_EQ(next, 3);
  }

  std::string refusal() {
    try {
      whole_checkpoint(newest, journal);
    } catch (const Error& error) {
      return error.what();
    }
    return "nothing was refused";
  }
};

TEST_F(Damage, OfNothingLeavesTheNewestCheckpoint) {
  const Restart restart = whole_checkpoint(newest, journal);
  EXPECT_EQ(restart.warning, "");
  expect_same(restart.checkpoint, after(4));
  EXPECT_TRUE(std::filesystem::exists(before));
}

TEST_F(Damage, OfABitOfTheNewestCheckpointLeadsToTheOneBeforeOrChangesNothing) {
  std::mt19937 draw(1);
  int warned = 0;
  for (int trial = 0; trial < 1000; ++trial) {
    restore();
    damage(newest, draw);
    const Restart restart = whole_checkpoint(newest, journal);
    ASSERT_EQ(restart.checkpoint.round, restart.warning.empty() ? 4 : 2) << restart.warning;
    expect_same(restart.checkpoint, after(restart.checkpoint.round));
    if (restart.warning.empty()) continue;
    ++warned;
    EXPECT_THAT(restart.warning, AllOf(HasSubstr("checkpoint.h5"), HasSubstr("from the checkpoint before, after 2")));
    EXPECT_EQ(read_file(newest), files.at(before));
    EXPECT_TRUE(std::filesystem::exists(damaged_path(newest)));
  }
  EXPECT_GT(warned, 500);
}

TEST_F(Damage, OfABitOfTheJournalIsNeverBuiltOn) {
  std::mt19937 draw(2);
  int refused = 0, older = 0;
  for (int trial = 0; trial < 1000; ++trial) {
    restore();
    damage(journal, draw);
    try {
      const Restart restart = whole_checkpoint(newest, journal);
      older += restart.checkpoint.round == 2;
      const auto stood_on = std::size_t(restart.checkpoint.recorded.bytes);
      ASSERT_EQ(read_file(journal).substr(0, stood_on), files.at(journal).substr(0, stood_on));
    } catch (const Error& error) {
      ++refused;
      ASSERT_THAT(error.what(), AllOf(HasSubstr("results.h5.journal"), HasSubstr("pass --restart to begin anew")));
    }
  }
  EXPECT_GT(refused, 100);
  EXPECT_GT(older, 100);
}

TEST_F(Damage, BetweenTwoRenamesLeavesTheCheckpointBefore) {
  std::filesystem::remove(newest);
  const Restart restart = whole_checkpoint(newest, journal);
  EXPECT_EQ(restart.warning, "");
  EXPECT_EQ(restart.checkpoint.round, 2);
  EXPECT_TRUE(std::filesystem::exists(newest));
}

TEST_F(Damage, OfBothCheckpointsSaysWhatIsWrongWithEach) {
  write_file(newest, "not a checkpoint");
  std::filesystem::remove(before);
  EXPECT_THAT(refusal(), AllOf(HasSubstr("checkpoint.h5 is not an HDF5 file"), HasSubstr("pass --restart")));
  write_file(before, "nor this");
  EXPECT_THAT(refusal(), AllOf(HasSubstr("checkpoint.h5 is not an HDF5 file"),
                               HasSubstr("checkpoint.previous.h5 is not an HDF5 file"), HasSubstr("pass --restart")));
  EXPECT_EQ(read_file(newest), "not a checkpoint");
}

TEST_F(Damage, OfAPieceThatWasTornEndsTheJournalThere) {
  const Journal::Mark mark = whole_checkpoint(newest, journal).checkpoint.recorded;
  for (const std::size_t more : {std::size_t(1), std::size_t(9), std::size_t(100)}) {
    write_file(journal, files.at(journal) + std::string(more, '\x01'));
    Journal again(journal, mark, [](const std::string&, const Journal::Row&) { return true; });
    EXPECT_EQ(again.keep().checksum, mark.checksum);
    EXPECT_EQ(read_file(journal), files.at(journal));
  }
}

TEST(Builds, ThatDifferAreRefusedUnlessAllowed) {
  Checkpoint checkpoint;
  checkpoint.build = build();
  EXPECT_NO_THROW(require_same_build(checkpoint, false));
  checkpoint.build = "0.1.0 of commit 000000000000";
  try {
    require_same_build(checkpoint, false);
    FAIL() << "another build was accepted";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("000000000000"), HasSubstr(build()), HasSubstr("--other-build")));
  }
  EXPECT_NO_THROW(require_same_build(checkpoint, true));
}

}  // namespace
}  // namespace fedorbit
