// Classifiers that are fitted to few labelled images of each class, several times.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <set>

#include "core/keys.hpp"
#include "evaluation/judged_features.hpp"
#include "support/checks.hpp"

namespace fedorbit {
namespace {

constexpr std::int64_t classes = 4, width = 16, count = 200;

/// Features of two halves of some images, and the questions about them, for which nobody reads an image.
struct FewShot : testing::Test {
  struct None final : Batches {
    std::unique_ptr<BatchStream> stream(std::vector<Picks>, const Needs&, std::optional<Occasion>) const override {
      return nullptr;
    }
    at::Device device() const override { return at::kCPU; }
  } none;
  Tensor labels = at::arange(count) % classes, domains = at::zeros({count}, at::kLong);
  std::vector<std::int64_t> train, test;
  std::optional<Questions> questions;
  JudgedFeatures features;

  FewShot() {
    for (std::int64_t image = 0; image < count; ++image) (image % 5 == 0 ? test : train).push_back(image);
    const auto view = [](const Tensor& column) {
      return std::span(column.const_data_ptr<std::int64_t>(), std::size_t(count));
    };
    questions.emplace(
        Questions{none, {view(labels), view(domains), classes, 1}, train, {}, {{split::test, false, test, {}, {}}}});
    Tensor drawn = at::empty({count + classes, width}, at::kFloat);
    Keys(1).stream(Purpose::test).fill_normal({drawn.mutable_data_ptr<float>(), std::size_t(drawn.numel())}, 1);
    const Tensor of_all = drawn.narrow(0, classes, count) + 0.5 * drawn.narrow(0, 0, classes).index_select(0, labels);
    features = JudgedFeatures::of(*questions, [&](std::span<const std::int64_t> images) {
      return of_all.index_select(0, at::tensor(at::ArrayRef<std::int64_t>(images.data(), images.size())));
    });
  }

  std::vector<FittedTask> tasks(const std::string& shots, std::int64_t draws) {
    return few_shot_tasks("evaluation.shots", {.draws = draws, .shots = shots}, questions->data, train, Keys(3));
  }
  std::vector<Score> scores(const std::vector<FittedTask>& tasks) {
    std::vector<Score> found;
    judge(*questions, tasks, features, [&](std::size_t split, std::size_t task, const std::vector<Answers>& draws) {
      append_draws(found, draws, *questions, questions->splits[split], {.task = tasks[task].name});
    });
    return found;
  }
};

TEST_F(FewShot, is_the_mean_and_the_spread_of_classifiers_fitted_to_other_images_each_time) {
  const std::vector<FittedTask> together = tasks("3", 4);
  ASSERT_EQ(together.size(), 1u);
  EXPECT_EQ(together[0].name, "3-shot");
  std::vector<double> alone;
  std::vector<std::int64_t> rows(train.size());
  std::iota(rows.begin(), rows.end(), 0);
  const Tensor train_labels = labels.index_select(0, at::tensor(train)),
               test_labels = labels.index_select(0, at::tensor(test));
  for (std::int64_t draw = 0; draw < 4; ++draw) {
    const Answers answers =
        answers_to(features.splits[0], test_labels, test, together[0].fit(features.train, train_labels, rows, draw));
    alone.push_back(tally_of(answers, questions->data).accuracy());
  }
  const double mean = std::accumulate(alone.begin(), alone.end(), 0.0) / 4;
  double squares = 0;
  for (const double share : alone) squares += (share - mean) * (share - mean);
  EXPECT_GT(squares, 0) << "each draw was shown the same images";
  for (const Score& score : scores(together)) {
    EXPECT_EQ(score.count, 4 * std::int64_t(test.size()));
    if (score.metric == "accuracy") {
      EXPECT_NEAR(score.value, mean, 1e-12);
    }
    if (score.metric == "spread") {
      EXPECT_NEAR(score.value, std::sqrt(squares / 3), 1e-12);
    }
  }
}

TEST_F(FewShot, is_better_the_more_it_is_shown_and_then_is_the_probe) {
  std::vector<double> shares;
  for (const Score& score : scores(tasks("1;4;40", 20)))
    if (score.metric == "accuracy") shares.push_back(score.value);
  ASSERT_EQ(shares.size(), 3u);
  EXPECT_LT(shares[0] + 0.02, shares[1]);
  EXPECT_LT(shares[1] + 0.02, shares[2]);
  std::vector<Score> of_probe = scores({probe_task(classes)});
  EXPECT_EQ(shares[2], of_probe.front().value) << "all forty of each class were shown";
}

TEST_F(FewShot, is_refused_where_a_class_has_fewer_images_or_the_list_is_none) {
  EXPECT_THAT(sentence([&] { tasks("1;41", 2); }),
              testing::HasSubstr("asks for 41 labelled images of each class, and class 0 has 40 to train on"));
  for (const char* list : {"1;x", "0", "-2", "5a", "1.5"})
    EXPECT_THAT(sentence([&] { tasks(list, 2); }), testing::HasSubstr("is no number of images")) << list;
  EXPECT_TRUE(tasks("", 2).empty());
}

}  // namespace
}  // namespace fedorbit
