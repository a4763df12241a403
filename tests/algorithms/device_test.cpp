// What a GPU makes of a learner's loss and gradients, against what the CPU makes of them.
#include <ATen/Context.h>
#include <ATen/Parallel.h>

#include "algorithms/group.hpp"

namespace fedorbit {
namespace {

/// A client's own numbers: its loss, then its gradients.
using Numbers = std::vector<Tensor>;

Numbers numbers_of(Learner& learner, at::Device device) {
  ClientGroup group(learner, {0, 1, 2}, 32, -1, device);
  Numbers numbers{group.loss().to(at::kCPU)};
  for (const Owner owner : owners)
    if (learner.layout().size(owner) > 0) numbers.push_back(group.parameters.gradient(owner).to(at::kCPU));
  return numbers;
}

double difference(const Numbers& these, const Numbers& those) {
  double largest = 0;
  for (std::size_t i = 0; i < these.size(); ++i)
    largest = std::max(largest, ((these[i] - those[i]).norm() / those[i].norm()).item<double>());
  return largest;
}

class OnAGpu : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    at::set_num_threads(1);
    if (!at::hasCUDA()) GTEST_SKIP() << "no GPU";
  }
  /// The largest relative difference of any variant, which the report of the tests holds too.
  double largest_difference(const std::string& precision) {
    EngineOptions engine;
    engine.precision = precision;
    // In bfloat16 the tower of the GPU is rounded, that of the CPU is not.
    const Clip clip = random_clip(), there = clip.to(at::TensorOptions(at::Device(at::kCUDA, 0)));
    const auto here = variants(GetParam(), clip, {}), on_gpu = variants(GetParam(), there, engine);
    double largest = 0;
    for (std::size_t i = 0; i < here.size(); ++i)
      largest = std::max(largest,
                         difference(numbers_of(*on_gpu[i], at::Device(at::kCUDA, 0)), numbers_of(*here[i], at::kCPU)));
    RecordProperty("largest_relative_difference", text(largest));
    return largest;
  }
};

TEST_P(OnAGpu, losses_and_gradients_in_float32_are_those_of_the_cpu) { EXPECT_LT(largest_difference("float32"), 1e-5); }

TEST_P(OnAGpu, losses_and_gradients_in_bfloat16_are_near_those_of_the_cpu_in_float32) {
  EXPECT_LT(largest_difference("bfloat16"), 0.1);
}

INSTANTIATE_TEST_SUITE_P(all, OnAGpu, testing::ValuesIn(learner_names()), [](const auto& info) { return info.param; });

}  // namespace
}  // namespace fedorbit
