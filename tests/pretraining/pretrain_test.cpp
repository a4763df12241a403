// Pre-training from scenes to a file; and what it refuses.
#include "pretraining/pretrain.hpp"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "comm/factory.hpp"
#include "core/error.hpp"
#include "model/clip.hpp"
#include "pretraining/accuracy.hpp"
#include "tiny.hpp"

namespace fedorbit {
namespace {

std::filesystem::path place(const std::string& name) {
  return std::filesystem::path(testing::TempDir()) / ("pretrain_" + name);
}

std::string refusal(const PretrainOptions& options, const std::filesystem::path& output = place("refused")) {
  const auto alone = make_communicator("single");
  try {
    pretrain(options, output, *alone);
  } catch (const Error& error) {
    EXPECT_FALSE(std::filesystem::exists(output));
    return error.what();
  }
  return "";
}

TEST(Pretraining, WritesAClipThatKnowsItsSyntheticClasses) {
  const auto communicator = make_communicator("auto");
  PretrainOptions options = tiny_pretraining();
  options.training.epochs = 40;
  options.training.learning_rate = 3e-3;
  const auto file = place("knows.safetensors");
  pretrain(options, file, *communicator);
  communicator->barrier();
  const Clip clip = load_clip(file);
  const Dataset dataset = Dataset::synthetic(options.synthetic);
  const Captions captions(options.captions, dataset, options.clip.context_length);
  EXPECT_EQ(captions.tokenizer().merges(), clip.tokenizer.merges());
  std::vector<std::int64_t> all;
  for (std::int64_t i = 0; i < dataset.size(); ++i) all.push_back(i);
  const Validation validation = make_validation("scenes", dataset, all, options.clip.image_size);
  const Tensor features = validation_features(clip.tensors, clip.config, validation, *communicator);
  const Tensor texts = ensemble_features(clip.tensors, clip.config, captions, dataset.class_names());
  EXPECT_GT(zero_shot_accuracy(features, texts, validation.labels), 0.8);
  EXPECT_FALSE(std::filesystem::exists(file.string() + ".checkpoint"));
  communicator->barrier();
  if (communicator->root()) std::filesystem::remove(file);
}

TEST(Pretraining, GivesTheSameWeightsTwice) {
  const auto alone = make_communicator("single");
  const auto one = place(text("one", getpid())), two = place(text("two", getpid()));
  pretrain(tiny_pretraining(), one, *alone);
  pretrain(tiny_pretraining(), two, *alone);
  const Clip a = load_clip(one), b = load_clip(two);
  EXPECT_EQ(a.checksum, b.checksum);
  std::filesystem::remove(one);
  std::filesystem::remove(two);
}

TEST(Pretraining, RefusesABatchLargerThanTheData) {
  PretrainOptions options = tiny_pretraining();
  options.training.batch_size = 25;
  EXPECT_THAT(refusal(options), testing::AllOf(testing::HasSubstr("batch_size = 25"), testing::HasSubstr("24 images")));
}

TEST(Pretraining, RefusesATemplateWithoutAPlaceForTheName) {
  PretrainOptions options = tiny_pretraining();
  options.captions.templates = "{};a photo";
  EXPECT_THAT(refusal(options), testing::HasSubstr("\"a photo\" has no {}"));
}

TEST(Pretraining, RefusesCaptionsThatDoNotFitTheContext) {
  PretrainOptions options = tiny_pretraining();
  options.clip.context_length = 5;
  EXPECT_THAT(refusal(options), testing::HasSubstr("clip.context_length = 5"));
}

TEST(Pretraining, RefusesSizesThatCannotBe) {
  PretrainOptions options = tiny_pretraining();
  options.clip.patch_size = 7;
  EXPECT_THAT(refusal(options), testing::HasSubstr("patches of 7"));
}

TEST(Pretraining, RefusesAWarmUpLongerThanTheTraining) {
  PretrainOptions options = tiny_pretraining();
  options.training.warmup = 3;
  EXPECT_THAT(refusal(options), testing::HasSubstr("training.warmup = 3"));
}

TEST(Pretraining, FindsOutAtOnceThatItsOutputCannotBeWritten) {
  EXPECT_THAT(refusal(tiny_pretraining(), "/nowhere/at/all.safetensors"),
              testing::HasSubstr("/nowhere/at/all.safetensors"));
}

TEST(Pretraining, NamesAMissingDataSet) {
  PretrainOptions options = tiny_pretraining();
  options.data.path = "/nowhere/data.h5";
  EXPECT_THAT(refusal(options), testing::HasSubstr("/nowhere/data.h5"));
}

}  // namespace
}  // namespace fedorbit
