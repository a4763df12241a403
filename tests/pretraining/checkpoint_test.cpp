// A pre-training goes on from its own checkpoint and from no other.
#include "pretraining/checkpoint.hpp"

#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "comm/factory.hpp"
#include "core/error.hpp"
#include "io/file.hpp"

namespace fedorbit {
namespace {

using testing::HasSubstr;

struct PretrainingCheckpoints : testing::Test {
  std::unique_ptr<Communicator> alone = make_communicator("single");
  std::filesystem::path file =
      std::filesystem::temp_directory_path() / text("fedorbit-pretraining-", getpid(), ".checkpoint");
  void TearDown() override { std::filesystem::remove(file); }

  static TrainedWeights weights() {
    return TrainedWeights({{"matrix", at::full({3, 4}, 0.5)}, {"logit_scale", at::full({}, 2.0)}});
  }
  static void step(TrainedWeights& trained) {
    trained.gradient().fill_(0.25);
    trained.step(0.1, 0.01, 1);
  }
  std::string refusal(const std::string& identity) {
    TrainedWeights fresh = weights();
    try {
      resume_pretraining(file, identity, fresh, *alone);
    } catch (const Error& error) {
      return error.what();
    }
    return "nothing was refused";
  }
};

TEST_F(PretrainingCheckpoints, LeadToTheSameWeightsAsWithoutAStop) {
  TrainedWeights whole = weights(), stopped = weights(), resumed = weights();
  EXPECT_EQ(resume_pretraining(file, "one", resumed, *alone), 0);
  for (TrainedWeights* trained : {&whole, &stopped})
    for (int i = 0; i < 3; ++i) step(*trained);
  save_pretraining(file, "one", 2, stopped);
  EXPECT_EQ(resume_pretraining(file, "one", resumed, *alone), 2);
  step(whole);
  step(resumed);
  for (const auto& [name, tensor] : whole.state()) EXPECT_TRUE(at::equal(tensor, resumed.state().at(name))) << name;
}

TEST_F(PretrainingCheckpoints, OfOthersOrDamagedAreRefused) {
  TrainedWeights trained = weights();
  step(trained);
  save_pretraining(file, "one", 2, trained);
  EXPECT_EQ(refusal("one"), "nothing was refused");
  EXPECT_THAT(refusal("another"), HasSubstr("other options, on other data or by another build"));
  std::string bytes = read_file(file);
  bytes.back() = char(bytes.back() ^ 1);
  write_file(file, bytes);
  EXPECT_THAT(refusal("one"), HasSubstr("is damaged"));
  write_safetensors(file, trained.state());
  EXPECT_THAT(refusal("one"), HasSubstr("is no checkpoint of a pre-training"));
}

}  // namespace
}  // namespace fedorbit
