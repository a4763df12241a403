// Names and places of parameters, where their gradients land, and what a turn remembers and reports.
#include "algorithms/group.hpp"

namespace fedorbit {
namespace {

Layout layout_of() {
  Layout layout;
  layout.add({"a", {2, 3}, Owner::shared});
  layout.add({"own", {4}, Owner::personal, true, false});
  layout.add({"queue", {5}, Owner::shared, false, true});
  layout.add({"scale", {}, Owner::shared, true, false});
  layout.add({"mine", {2}, Owner::turn});
  return layout;
}

TEST(Layout, places_the_tensors_of_a_kind_one_after_another) {
  const Layout layout = layout_of();
  EXPECT_EQ(layout.size(Owner::shared), 12);
  EXPECT_EQ(layout.size(Owner::personal), 4);
  EXPECT_EQ(layout.size(Owner::turn), 2);
  EXPECT_EQ(layout.entry("scale").offset, 6);
  EXPECT_EQ(layout.entry("queue").offset, 7) << "what is not trained comes last";
  EXPECT_EQ(layout.trained(Owner::shared), 7);
  EXPECT_EQ(layout.trained(Owner::personal), 4);
  EXPECT_EQ(layout.entry("scale").numel, 1);
  EXPECT_EQ(layout.entry("own").offset, 0);
  ASSERT_EQ(layout.entries(Owner::shared).size(), 3u);
  EXPECT_EQ(layout.entries(Owner::shared)[1].name, "queue");
}

TEST(Layout, places_weights_that_are_trained_then_other_weights_then_statistics) {
  Layout layout;
  const auto add = [&](const char* name, std::int64_t length, bool trained, Role role) {
    layout.add({name, {length}, Owner::shared, trained, trained, role});
  };
  add("mean", 2, false, Role::statistic);
  add("queue", 3, false, Role::weight);
  add("a", 5, true, Role::weight);
  add("variance", 7, false, Role::statistic);
  add("b", 11, true, Role::weight);
  add("target", 13, false, Role::weight);
  EXPECT_EQ(layout.trained(Owner::shared), 16);
  EXPECT_EQ(layout.weights(Owner::shared), 32);
  EXPECT_EQ(layout.statistics(Owner::shared), 9);
  EXPECT_EQ(layout.size(Owner::shared), 41);
  EXPECT_EQ(layout.size(Owner::personal), 0);
  std::vector<std::int64_t> offsets;
  for (const char* name : {"a", "b", "queue", "target", "mean", "variance"})
    offsets.push_back(layout.entry(name).offset);
  EXPECT_THAT(offsets, testing::ElementsAre(0, 5, 16, 19, 32, 34));
  EXPECT_THAT(sentence([&] {
                layout.add({"scale", {1}, Owner::shared, true, true, Role::statistic});
              }),
              testing::HasSubstr("the statistic scale cannot be trained"));
  Parameters parameters(layout, 2);
  parameters["variance"].fill_(4);
  EXPECT_EQ(parameters.statistics(Owner::shared).sum().item<float>(), 2 * 7 * 4);
  EXPECT_EQ(parameters.weights(Owner::shared).abs().sum().item<float>(), 0);
}

TEST(Layout, refuses_a_name_twice_and_a_name_it_does_not_have) {
  Layout layout = layout_of();
  EXPECT_THAT(sentence([&] { layout.add({"a", {1}, Owner::personal}); }), testing::HasSubstr("two tensors named a"));
  EXPECT_EQ(layout.size(Owner::personal), 4) << "what was refused left no trace";
  EXPECT_THAT(sentence([&] { layout.entry("b"); }), testing::HasSubstr("no tensor named b; the nearest is a."));
  EXPECT_THAT(sentence([&] { Parameters(layout, 1)["b"]; }),
              testing::HasSubstr("no parameter named b; the nearest is a."));
}

TEST(Parameters, share_their_storage_with_the_flat_vector) {
  const Layout layout = layout_of();
  Parameters parameters(layout, 2);
  parameters.flat(Owner::shared).copy_(at::arange(24).view({2, 12}));
  EXPECT_EQ(parameters["a"].sizes(), (at::IntArrayRef{2, 2, 3}));
  EXPECT_EQ(parameters["a"][1][0][1].item<float>(), 13);
  EXPECT_EQ(parameters["scale"].sizes(), (at::IntArrayRef{2}));
  EXPECT_EQ(parameters["scale"][1].item<float>(), 18);
  EXPECT_FALSE(parameters["queue"].requires_grad());
}

TEST(Parameters, gather_the_gradients_of_all_leaves_in_one_flat_vector) {
  const Layout layout = layout_of();
  Parameters parameters(layout, 2);
  auto differentiate = [&] {
    ((parameters["a"] * 2).sum() + (parameters["scale"] * 3).sum() + (parameters["own"] * 5).sum() +
     parameters["queue"].sum() + (parameters["mine"] * 7).sum())
        .backward();
  };
  // What is not trained comes last.
  const Tensor row = at::constant_pad_nd(at::tensor({2.f, 2.f, 2.f, 2.f, 2.f, 2.f, 3.f}), {0, 5}).expand({2, 12});
  EXPECT_THAT(sentence([&] { parameters.gradient(Owner::shared); }), testing::HasSubstr("before any was taken"));
  parameters.zero_gradient();
  differentiate();
  EXPECT_TRUE(at::equal(parameters.gradient(Owner::shared), row));
  EXPECT_TRUE(at::equal(parameters.gradient(Owner::personal), at::full({2, 4}, 5.f)));
  EXPECT_TRUE(at::equal(parameters.gradient(Owner::turn), at::full({2, 2}, 7.f)));
  differentiate();
  EXPECT_TRUE(at::equal(parameters.gradient(Owner::shared), 2 * row)) << "gradients add up until they are zeroed";
  parameters.zero_gradient();
  EXPECT_EQ(parameters.gradient(Owner::personal).abs().sum().item<float>(), 0);
  differentiate();
  EXPECT_TRUE(at::equal(parameters.gradient(Owner::shared), row));
}

TEST(Parameters, leave_a_gradient_as_it_is_while_somebody_looks_at_it) {
  const Layout layout = layout_of();
  Parameters parameters(layout, 2);
  const auto gradient = [&](double factor) {
    parameters.zero_gradient();
    (parameters["a"] * factor).sum().backward();
    return parameters.gradient(Owner::shared);
  };
  const Tensor first = gradient(2), row = gradient(3)[0];
  gradient(4);
  EXPECT_EQ(first.max().item<float>(), 2);
  EXPECT_EQ(row.max().item<float>(), 3) << "a view of it counts";
}

TEST(Parameters, hold_convolutions_as_their_products_read_them_and_name_them_as_others_do) {
  Layout layout;
  layout.add({.name = "before", .shape = {5}});
  layout.add({.name = "weight", .shape = {4, 3, 2, 2}, .convolved = true});
  Parameters parameters(layout, 1);
  parameters.flat(Owner::shared).copy_(at::arange(53).unsqueeze(0));
  const Tensor weight = parameters["weight"].squeeze(0);
  EXPECT_EQ(weight.sizes(), (at::IntArrayRef{4, 3, 2, 2}));
  EXPECT_TRUE(weight.is_contiguous(at::MemoryFormat::ChannelsLast));
  EXPECT_TRUE(at::equal(weight, Layout::view(parameters.flat(Owner::shared)[0], layout.entry("weight"))));
  EXPECT_EQ(weight[0][1][0][0].item<float>(), 6) << "the next channel lies next";
  parameters.zero_gradient();
  (weight * at::arange(48).view({4, 3, 2, 2})).sum().backward();
  const Tensor gradient = Layout::view(parameters.gradient(Owner::shared), layout.entry("weight"));
  EXPECT_TRUE(at::equal(gradient, at::arange(48).to(at::kFloat).view({1, 4, 3, 2, 2})));
  EXPECT_THAT(sentence([&] {
                layout.add({.name = "matrix", .shape = {4, 3}, .convolved = true});
              }),
              testing::HasSubstr("matrix, has not four dimensions"));
}

TEST(Parameters, are_differentiated_without_a_word_of_the_library) {
  struct Heard final : c10::WarningHandler {
    std::vector<std::string> warnings;
    void process(const c10::Warning& warning) override { warnings.push_back(warning.msg()); }
  } heard;
  const c10::WarningUtils::WarningHandlerGuard listening(&heard);
  const c10::WarningUtils::WarnAlways always;
  const Layout layout = layout_of();
  Parameters parameters(layout, 2);
  parameters.zero_gradient();
  (parameters["a"].sum() + parameters["scale"].sum() + parameters["own"].sum()).backward();
  EXPECT_THAT(heard.warnings, testing::IsEmpty());
}

TEST(Memory, is_zero_at_first_and_remembers_what_is_written_to_it) {
  Memory memory(2, {{"residual", 3}, {"control", 2}});
  EXPECT_EQ(memory.length(), 5);
  EXPECT_EQ(memory.flat().abs().sum().item<float>(), 0);
  memory("residual").fill_(4);
  memory("control")[1].fill_(6);
  EXPECT_TRUE(at::equal(memory.flat(), at::tensor({0.f, 0.f, 4.f, 4.f, 4.f, 6.f, 6.f, 4.f, 4.f, 4.f}).view({2, 5})));
  Memory later(1, {{"residual", 3}, {"control", 2}});
  later.flat()[0].copy_(memory.flat()[1]);
  EXPECT_EQ(later("control")[0][1].item<float>(), 6);
  EXPECT_THAT(sentence([&] { memory("resedual"); }), testing::HasSubstr("named resedual, which it did not declare"));
}

TEST(Diagnostics, average_over_the_steps_in_which_a_client_was_active) {
  Diagnostics diagnostics({"loss", "never"}, 2);
  diagnostics.observe("loss", at::tensor({1.f, 10.f}), at::tensor({1.f, 1.f}));
  diagnostics.observe("loss", at::tensor({3.f, NAN}), at::tensor({1.f, 0.f}));
  const Tensor means = diagnostics.means();
  EXPECT_EQ(means[0][0].item<double>(), 2);
  EXPECT_EQ(means[1][0].item<double>(), 10);
  EXPECT_TRUE(means.select(1, 1).isnan().all().item<bool>());
  EXPECT_THAT(sentence([&] { diagnostics.observe("los", at::zeros({2}), at::ones({2})); }),
              testing::HasSubstr("observes los, which it did not declare"));
}

}  // namespace
}  // namespace fedorbit
