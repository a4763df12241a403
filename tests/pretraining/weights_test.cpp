// AdamW on flat storage: what is decayed, what is not, and how long a gradient may be.
#include "pretraining/weights.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/error.hpp"

namespace fedorbit {
namespace {

NamedTensors start() {
  return {{"a.weight", at::full({2, 3}, 0.5)},
          {"b.bias", at::full({4}, 0.5)},
          {"text.positions", at::full({2, 2}, 0.5)},
          {"logit_scale", at::tensor(4.6)}};
}

TEST(TrainedWeights, DecayMatricesAloneAndFollowAdamWsFirstStep) {
  TrainedWeights weights(start());
  weights.gradient().fill_(0.1);
  weights.step(0.01, 0.5, 1e9);
  // Adam's first step is the learning rate against the gradient's sign; decay takes rate x 0.5 of the weight first.
  EXPECT_NEAR(weights.leaves().at("a.weight")[1][2].item<double>(), 0.5 * (1 - 0.005) - 0.01, 1e-5);
  EXPECT_NEAR(weights.leaves().at("b.bias")[3].item<double>(), 0.5 - 0.01, 1e-5);
  EXPECT_NEAR(weights.leaves().at("text.positions")[0][1].item<double>(), 0.5 - 0.01, 1e-5);
}

TEST(TrainedWeights, ShortenAGradientThatIsTooLong) {
  TrainedWeights weights(start());
  weights.gradient().fill_(3);
  weights.step(0, 0, 0.25);
  EXPECT_NEAR(weights.gradient().norm().item<double>(), 0.25, 1e-6);
}

TEST(TrainedWeights, KeepTheLogitScaleAtAHundredAtMost) {
  TrainedWeights weights(start());
  weights.gradient().fill_(-1);
  weights.step(0.1, 0, 1e9);
  EXPECT_NEAR(weights.leaves().at("logit_scale").item<double>(), std::log(100.0), 1e-6);
}

TEST(TrainedWeights, RefuseAGradientThatIsNotFinite) {
  TrainedWeights weights(start());
  weights.gradient().fill_(NAN);
  EXPECT_THROW(weights.step(0.1, 0, 1), Error);
}

}  // namespace
}  // namespace fedorbit
