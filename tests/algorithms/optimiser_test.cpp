// Optimisers against PyTorch's (tests/golden/make_optimisers.py), and what they must not touch.
#include "algorithms/optimiser.hpp"

#include "algorithms/group.hpp"

namespace fedorbit {
namespace {

/// 7 shared numbers, of which the last 3 are not decayed.
Layout layout_of(bool all_trained = true) {
  Layout layout;
  layout.add({"decayed", {4}, Owner::shared, true, true});
  layout.add({"free", {3}, Owner::shared, all_trained, false});
  return layout;
}

OptimiserOptions options_of(const std::string& name) {
  OptimiserOptions out;
  if (name == "sgd") out.weight_decay = 0.1;
  if (name == "plain") out.momentum = 0, out.weight_decay = 0;
  if (name == "adam") out.kind = "adam", out.weight_decay = 0.2, out.beta2 = 0.98, out.epsilon = 1e-6;
  if (name == "adamw") out.kind = "adamw", out.weight_decay = 0.3, out.beta1 = 0.8;
  return out;
}

std::unique_ptr<Optimiser> make(const std::string& name, const Layout& layout, std::int64_t clients = 3,
                                double rate = 0.05) {
  auto optimiser = make_optimiser(options_of(name), layout, Owner::shared, clients, at::kCPU);
  optimiser->begin_turn(rate);
  return optimiser;
}

class EveryOptimiser : public testing::TestWithParam<std::string> {
 protected:
  NamedTensors golden_ = read_safetensors(golden / "optimisers.safetensors").tensors;
  Tensor gradients = golden_.at("gradients"), active = golden_.at("active");
  Tensor parameters = golden_.at("start").clone();
};

TEST_P(EveryOptimiser, takes_the_steps_of_pytorch_for_each_client_that_is_active) {
  const Layout layout = layout_of();
  const auto optimiser = make(GetParam(), layout);
  for (std::int64_t i = 0; i < gradients.size(0); ++i) {
    optimiser->step(parameters, gradients[i], active[i]);
    EXPECT_LT(relative(parameters, golden_.at(GetParam())[i]), 1e-6) << "step " << i;
  }
}

TEST_P(EveryOptimiser, does_not_touch_an_inactive_client_or_its_state) {
  const Layout layout = layout_of();
  const auto optimiser = make(GetParam(), layout), undisturbed = make(GetParam(), layout);
  Tensor reference = parameters.clone();
  for (std::int64_t i = 0; i < 3; ++i) {
    // Client 1 pauses once between two steps, while its gradient is not even finite.
    const Tensor pause = at::tensor({1.0f, 0.0f, 1.0f}), before = parameters[1].clone();
    Tensor spoiled = gradients[i].clone();
    spoiled[1] = NAN;
    if (i == 1) optimiser->step(parameters, spoiled, pause);
    EXPECT_TRUE(at::equal(parameters[1], before));
    optimiser->step(parameters, gradients[i], at::ones({3}));
    undisturbed->step(reference, gradients[i], at::ones({3}));
    EXPECT_TRUE(at::equal(parameters[1], reference[1])) << "step " << i;
  }
}

TEST_P(EveryOptimiser, does_not_touch_untrained_tensors) {
  const Layout layout = layout_of(false);
  const auto optimiser = make(GetParam(), layout);
  const Tensor before = parameters.clone();
  optimiser->step(parameters.narrow(1, 0, 4), gradients[0].narrow(1, 0, 4), at::ones({3}));
  EXPECT_TRUE(at::equal(parameters.narrow(1, 4, 3), before.narrow(1, 4, 3)));
  EXPECT_FALSE(at::equal(parameters.narrow(1, 0, 4), before.narrow(1, 0, 4)));
}

/// LibTorch may take roots from a library that rounds them less well: Adam may differ in the last place.
TEST_P(EveryOptimiser, steps_row_by_row_as_operators_on_whole_tensors_do) {
  for (const bool all_trained : {true, false}) {
    const Layout layout = layout_of(all_trained);
    const auto rows = make(GetParam(), layout), whole = make(GetParam(), layout);
    Tensor reference = parameters.clone(), stepped = parameters.clone();
    const std::int64_t trained = layout.trained(Owner::shared);
    const auto part = [&](const Tensor& whole) { return whole.narrow(1, 0, trained); };
    for (std::int64_t i = 0; i < gradients.size(0); ++i) {
      rows->step(part(stepped), part(gradients[i]), active[i]);
      whole->step_whole(part(reference), part(gradients[i]), active[i]);
      EXPECT_LT(relative(stepped, reference), options_of(GetParam()).kind == "sgd" ? 1e-300 : 1e-6) << "step " << i;
    }
  }
}

TEST_P(EveryOptimiser, begins_every_turn_as_if_it_were_new) {
  const Layout layout = layout_of();
  const auto used = make(GetParam(), layout);
  for (const auto& step : {&Optimiser::step, &Optimiser::step_whole}) {
    Tensor first = parameters.clone(), again = parameters.clone();
    for (Tensor* turn : {&first, &again}) {
      used->begin_turn(0.05);
      for (std::int64_t i = 0; i < 3; ++i) (*used.*step)(*turn, gradients[i], active[i], {});
    }
    EXPECT_TRUE(at::equal(first, again));
  }
}

TEST_P(EveryOptimiser, at_rate_zero_changes_nothing) {
  const Layout layout = layout_of();
  const auto optimiser = make(GetParam(), layout, 3, 0);
  const Tensor before = parameters.clone();
  for (std::int64_t i = 0; i < 3; ++i) optimiser->step(parameters, gradients[i], at::ones({3}));
  EXPECT_TRUE(at::equal(parameters, before));
}

TEST_P(EveryOptimiser, gives_a_client_the_same_bits_alone_and_in_a_group) {
  const Layout layout = layout_of();
  for (const std::int64_t group : {1, 2, 8, 19}) {
    const auto one = make(GetParam(), layout, 1), many = make(GetParam(), layout, group);
    Tensor alone = parameters.narrow(0, 0, 1).clone(), together = normal({group, 7}, 1, 1);
    together[group - 1].copy_(parameters[0]);
    for (std::int64_t i = 0; i < 5; ++i) {
      Tensor gradient = normal({group, 7}, 2, std::uint64_t(i));
      gradient[group - 1].copy_(gradients[i][0]);
      one->step(alone, gradients[i].narrow(0, 0, 1), at::ones({1}));
      many->step(together, gradient, at::ones({group}));
      EXPECT_TRUE(at::equal(alone[0], together[group - 1])) << "group of " << group << ", step " << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(all, EveryOptimiser, testing::Values("sgd", "plain", "adam", "adamw"),
                         [](const auto& info) { return info.param; });

TEST(Optimiser, of_one_kind_has_the_masks_of_that_kind) {
  Layout layout;
  layout.add({"shared", {2}, Owner::shared, false, false});
  layout.add({"own", {2}, Owner::personal, true, true});
  OptimiserOptions options;
  options.momentum = 0, options.weight_decay = 1;
  Tensor own = at::ones({1, 2});
  const auto optimiser = make_optimiser(options, layout, Owner::personal, 1, at::kCPU);
  optimiser->begin_turn(0.5);
  optimiser->step(own, at::zeros({1, 2}), at::ones({1}));
  EXPECT_TRUE(at::equal(own, at::full({1, 2}, 0.5f)));
}

TEST(Optimiser, steps_along_a_gradient_that_is_multiplied_by_each_clients_factor) {
  // What PyTorch clips to a norm of 1.5, with the factors computed here.
  const auto golden_values = read_safetensors(golden / "optimisers.safetensors").tensors;
  const Tensor gradients = golden_values.at("gradients"), active = golden_values.at("active");
  const Layout layout = layout_of();
  for (const auto& step : {&Optimiser::step, &Optimiser::step_whole}) {
    const auto optimiser = make("sgd", layout);
    Tensor parameters = golden_values.at("start").clone();
    for (std::int64_t i = 0; i < gradients.size(0); ++i) {
      const Tensor factors = (1.5 / (gradients[i].norm(2, 1) + 1e-6)).clamp_max(1);
      EXPECT_LT(factors.min().item<float>(), 1) << "something is clipped";
      (*optimiser.*step)(parameters, gradients[i], active[i], factors);
      EXPECT_LT(relative(parameters, golden_values.at("clipped")[i]), 1e-6) << "step " << i;
    }
  }
}

TEST(Optimiser, refuses_a_gradient_of_another_size) {
  const auto optimiser = make("plain", layout_of());
  EXPECT_THAT(sentence([&] {
                optimiser->step(at::zeros({3, 7}), at::zeros({3, 8}), at::ones({3}));
              }),
              testing::HasSubstr("[3, 8] numbers for [3, 7] parameters"));
}

TEST(Optimiser, takes_a_rate_for_each_client) {
  const Layout layout = layout_of();
  const auto golden_values = read_safetensors(golden / "optimisers.safetensors").tensors;
  const Tensor gradient = golden_values.at("gradients")[0], start = golden_values.at("start");
  for (const auto& step : {&Optimiser::step, &Optimiser::step_whole}) {
    const auto optimiser = make("plain", layout);
    optimiser->take_rates(std::vector<double>{0.1, 0, 0.2});
    Tensor moved = start.clone();
    (*optimiser.*step)(moved, gradient, at::ones({3}), {});
    EXPECT_LT(relative(start - moved, at::tensor({0.1f, 0.f, 0.2f}).unsqueeze(1) * gradient), 1e-5);
    EXPECT_THROW(optimiser->take_rates(std::vector<double>{0.1}), Error);
  }
}

TEST(Schedule, with_warm_up_has_the_rates_of_pytorch_over_rounds_and_over_steps) {
  const Tensor rates = read_safetensors(golden / "optimisers.safetensors").tensors.at("rates");
  OptimiserOptions options;
  options.learning_rate = 2, options.schedule = "cosine", options.warmup = 3;
  for (std::int64_t t = 0; t < rates.numel(); ++t) {
    const double expected = rates[t].item<double>();
    options.schedule_over = "rounds";
    EXPECT_NEAR(learning_rate_at(options, {t, 12, 5, 7}), expected, 1e-12) << t;
    options.schedule_over = "steps";
    EXPECT_NEAR(learning_rate_at(options, {t / 4, 3, t % 4, 4}), expected, 1e-12) << t;
  }
}

TEST(Schedule, knows_whether_rates_change_within_a_turn) {
  OptimiserOptions options;
  options.schedule = "cosine", options.warmup = 2;
  EXPECT_TRUE(options.constant_in_turn());
  options.schedule_over = "steps";
  EXPECT_FALSE(options.constant_in_turn());
  options.schedule = "constant";
  EXPECT_FALSE(options.constant_in_turn());
  options.warmup = 0;
  EXPECT_TRUE(options.constant_in_turn());
}

TEST(Schedule, constant_stays_and_cosine_falls_to_nothing) {
  OptimiserOptions options;
  options.learning_rate = 2;
  EXPECT_EQ(learning_rate_at(options, {0, 10}), 2);
  EXPECT_EQ(learning_rate_at(options, {9, 10}), 2);
  options.schedule = "cosine";
  EXPECT_EQ(learning_rate_at(options, {0, 10}), 2);
  EXPECT_NEAR(learning_rate_at(options, {5, 10}), 1, 1e-12);
  EXPECT_NEAR(learning_rate_at(options, {9, 10}), 1 + std::cos(0.9 * M_PI), 1e-12);
  for (int round = 1; round < 10; ++round)
    EXPECT_LT(learning_rate_at(options, {round, 10}), learning_rate_at(options, {round - 1, 10}));
}

}  // namespace
}  // namespace fedorbit
