// The CLIP inside the program: small, whole, and of some use on sensors that it has not seen.
#include "model/checkpoints/embedded.hpp"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include "comm/factory.hpp"
#include "model/clip.hpp"
#include "model/towers/text_tower.hpp"
#include "pretraining/accuracy.hpp"

namespace fedorbit {
namespace {

TEST(EmbeddedClip, IsAtMostFourMebibytes) {
  EXPECT_GT(embedded_clip().size(), 100'000u);
  EXPECT_LE(embedded_clip().size(), 4u << 20);
}

TEST(EmbeddedClip, LabelsScenesOfUnseenSensorsFarBetterThanByChanceYetLeavesRoomToLearn) {
  const auto alone = make_communicator("single");
  const Clip clip = load_clip(embedded_clip(), "the embedded weights");
  const Dataset dataset = Dataset::synthetic({.domains = "winter,infrared,coarse", .per_class = 4, .seed = 77});
  std::vector<std::int64_t> all;
  for (std::int64_t i = 0; i < dataset.size(); ++i) all.push_back(i);
  const Validation validation = make_validation("unseen", dataset, all, clip.config.vision.image_size);
  std::vector<std::string> prompts;
  for (const auto& name : dataset.class_names()) prompts.push_back("a satellite photo of a " + name + ".");
  const at::NoGradGuard no_gradient;
  const Tensor texts =
      encode_tokens(clip.tensors, clip.config, clip.tokenizer.tokens(prompts, clip.config.text.context_length));
  const Tensor features = validation_features(clip.tensors, clip.config, validation, *alone);
  const double accuracy = zero_shot_accuracy(features, texts / texts.norm(2, 1, true), validation.labels);
  EXPECT_GT(accuracy, 0.3);
  EXPECT_LT(accuracy, 0.85);
}

}  // namespace
}  // namespace fedorbit
