// What a run exports says what learner it is of, and is read back as that.
#include "results/trained_model.hpp"

#include <ATen/ops/ones.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/clip.hpp"
#include "support/checks.hpp"

namespace fedorbit {
namespace {

using testing::HasSubstr;

struct TrainedModels : testing::Test {
  std::filesystem::path file = std::filesystem::path(testing::TempDir()) / "model.safetensors";
  Experiment experiment;
  const std::vector<std::pair<std::string, Tensor>> shared{{"context.shared", at::ones({6, 16})}};
};

TEST_F(TrainedModels, come_back_with_their_learner_its_options_and_what_they_were_learned_on) {
  OptionList::of(experiment).set("dual_prompt.context=6");
  OptionList::of(experiment).set("engine.kind=reference");
  export_model(file, experiment, shared, 12, "0123", "4567", "89ab", {"runway", "ri\"ver"});
  TrainedModel model = read_trained_model(file);
  EXPECT_EQ(model.learner, "dual_prompt");
  EXPECT_EQ(model.weights, "0123");
  EXPECT_EQ(model.data, "4567");
  EXPECT_EQ(model.learner_weights, "89ab");
  EXPECT_EQ(model.class_names, (std::vector<std::string>{"runway", "ri\"ver"}));
  EXPECT_EQ(model.engine.kind, "reference");
  EXPECT_THAT(OptionList::of(model.options).toml(), HasSubstr("[dual_prompt]\ncontext = 6\n"));
  EXPECT_TRUE(at::equal(model.shared.at("context.shared"), shared[0].second));
  EXPECT_EQ(read_safetensors(file).metadata.at("rounds_done"), "12");
  EXPECT_EQ(read_safetensors(file).metadata.at("class_names"), R"(["runway","ri\"ver"])");
}

TEST_F(TrainedModels, are_no_towers) {
  export_model(file, experiment, shared, 12, "0123", "4567", "", {"runway"});
  EXPECT_THAT(sentence([&] { load_clip(file); }), HasSubstr("holds no CLIP"));
  EXPECT_FALSE(read_safetensors(file).metadata.contains("config"));
}

TEST_F(TrainedModels, of_an_unknown_learner_are_refused_by_its_name) {
  write_safetensors(file, {{"weight", at::ones({2})}}, {{"format", "fedorbit-model-1"}, {"learner", "dual_prompts"}});
  EXPECT_THAT(sentence([&] { read_trained_model(file); }), HasSubstr("no method part named dual_prompts"));
}

TEST_F(TrainedModels, whose_class_names_are_no_list_of_texts_are_refused) {
  for (const char* names : {"runway", "{}", "[1]", "[\"runway\", null]"}) {
    write_safetensors(file, {{"weight", at::ones({2})}},
                      {{"format", "fedorbit-model-1"}, {"learner", "linear"}, {"options", ""}, {"class_names", names}});
    EXPECT_THAT(sentence([&] { read_trained_model(file); }), HasSubstr("class_names")) << names;
  }
}

TEST_F(TrainedModels, exported_as_prompts_by_earlier_runs_are_read) {
  write_safetensors(file, {{"context.shared", at::ones({6, 16})}},
                    {{"format", "fedorbit-prompts-1"}, {"weights_sha256", "0123"}});
  TrainedModel model = read_trained_model(file);
  EXPECT_EQ(model.learner, "prompt");
  EXPECT_THAT(OptionList::of(model.options).toml(), HasSubstr("[prompt]\ncontext = 6\n"));
}

}  // namespace
}  // namespace fedorbit
