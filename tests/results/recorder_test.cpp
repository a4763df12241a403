// The results file: what was told is read back, and what is wrong is said so.
#include "results/recorder.hpp"

#include <ATen/ops/equal.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "results/results_file.hpp"

namespace fedorbit {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Key;
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
  EXPECT_THAT(file.integers_attribute("version"), ElementsAre(6, 2));
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
}  // namespace
}  // namespace fedorbit
