// The gradient of a batch does not depend on how many ranks share it.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "comm/factory.hpp"
#include "model/checkpoints/clip_tensors.hpp"
#include "pretraining/images.hpp"
#include "pretraining/step.hpp"
#include "tiny.hpp"

namespace fedorbit {
namespace {

/// Loss and gradient of one batch as this communicator's ranks find them together.
std::pair<double, Tensor> gradient_over(Communicator& communicator) {
  const PretrainOptions options = tiny_pretraining();
  const Dataset dataset = Dataset::synthetic(options.synthetic);
  const Captions captions(options.captions, dataset, options.clip.context_length);
  const ClipConfig config = options.clip.config(captions.tokenizer().vocabulary_size());
  std::vector<std::int64_t> all(24), labels;
  for (std::int64_t i = 0; i < 24; ++i) labels.push_back(dataset.labels()[all[i] = i].item<std::int64_t>());
  const std::vector<Tensor> images = kept_images(dataset, all, 24);
  const Keys keys(5);
  TrainedWeights weights(initialise_clip(config, keys.stream(Purpose::initialise)));
  // One image of the first class, seven of the second, three of the third: no share of them is even.
  const std::vector<std::int64_t> batch{3, 8, 9, 10, 11, 12, 13, 14, 20, 21, 22};
  const double loss =
      pretrain_gradient({options, config, captions, images, labels, keys, communicator}, weights, batch, 4, 9);
  return {loss, weights.gradient().clone()};
}

TEST(PretrainGradient, OfAllRanksTogetherIsThatOfOneProcessWithTheWholeBatch) {
  const auto together = make_communicator("auto"), alone = make_communicator("single");
  const auto [loss, gradient] = gradient_over(*together);
  const auto [loss_alone, gradient_alone] = gradient_over(*alone);
  EXPECT_NEAR(loss, loss_alone, 1e-5);
  const double size = gradient_alone.norm().item<double>();
  EXPECT_GT(size, 1e-3);
  EXPECT_LT((gradient - gradient_alone).norm().item<double>(), 1e-5 * size);
  // The logit scale's part is found by every rank, and must count once.
  EXPECT_NEAR(gradient[-1].item<double>(), gradient_alone[-1].item<double>(), 1e-5 * size);
}

TEST(PretrainGradient, IsThatOfTheLossByFiniteDifferences) {
  const auto alone = make_communicator("single");
  const PretrainOptions options = tiny_pretraining();
  const Dataset dataset = Dataset::synthetic(options.synthetic);
  const Captions captions(options.captions, dataset, options.clip.context_length);
  const ClipConfig config = options.clip.config(captions.tokenizer().vocabulary_size());
  const std::vector<std::int64_t> batch{0, 9, 17, 18};
  std::vector<std::int64_t> labels;
  for (std::int64_t i = 0; i < 24; ++i) labels.push_back(dataset.labels()[i].item<std::int64_t>());
  const std::vector<Tensor> images =
      kept_images(dataset, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18}, 24);
  const Keys keys(5);
  TrainedWeights weights(initialise_clip(config, keys.stream(Purpose::initialise)));
  const PretrainSetting setting{options, config, captions, images, labels, keys, *alone};
  pretrain_gradient(setting, weights, batch, 0, 0);
  const Tensor gradient = weights.gradient().clone();
  const Tensor direction = gradient / gradient.norm();
  Tensor flat = weights.flat();
  constexpr double step = 1e-3;
  flat.add_(direction, step);
  const double above = pretrain_gradient(setting, weights, batch, 0, 0);
  flat.add_(direction, -2 * step);
  const double below = pretrain_gradient(setting, weights, batch, 0, 0);
  const double slope = gradient.norm().item<double>();
  EXPECT_NEAR((above - below) / (2 * step), slope, 0.02 * slope);
}

}  // namespace
}  // namespace fedorbit
