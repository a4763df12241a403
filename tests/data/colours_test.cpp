// Disturbed colours against torchvision (tests/golden/make_colours.py), and how often they are drawn.
#include "data/colours.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "io/safetensors.hpp"
#include "support/source_folder.hpp"

namespace fedorbit {
namespace {

TEST(DisturbedColours, are_those_of_torchvision_rounded_once) {
  const NamedTensors golden = read_safetensors(source_folder() / "tests/golden/colours.safetensors").tensors;
  const Tensor& view = golden.at("view");
  ASSERT_EQ(golden.at("drawn").size(0), 7);
  for (std::int64_t i = 0; i < 7; ++i) {
    const Tensor row = golden.at("drawn")[i].contiguous();
    const float* said = row.const_data_ptr<float>();
    Disturbance drawn;
    drawn.jittered = said[0] >= 0;
    for (std::size_t s = 0; s < 4; ++s) {
      if (drawn.jittered) drawn.order[s] = Disturbance::Step(int(said[s]));
      drawn.amount[s] = double(said[4 + s]);
    }
    drawn.grey = said[8] > 0;
    drawn.blur = double(said[9]);
    const Tensor difference = disturbed(view, drawn).to(at::kFloat) - golden.at("seen")[i];
    EXPECT_LT(difference.abs().max().item<float>(), 0.51) << "case " << i << ": half a step, and float32's rounding";
  }
}

TEST(DisturbedColours, of_nothing_drawn_are_the_view_itself) {
  const Tensor view = at::full({3, 4, 4}, 7, at::kByte);
  EXPECT_TRUE(disturbed(view, {}).is_same(view));
}

TEST(DisturbedColours, keep_a_grey_view_grey_whatever_its_hue) {
  const Tensor grey = at::arange(16).to(at::kByte).mul(15).view({1, 4, 4}).expand({3, 4, 4}).contiguous();
  Disturbance drawn{.jittered = true};
  drawn.amount[Disturbance::hue] = 0.3;
  drawn.amount[Disturbance::saturation] = 1.4;
  EXPECT_LE((disturbed(grey, drawn).to(at::kInt) - grey.to(at::kInt)).abs().max().item<int>(), 1);
}

TEST(DisturbedColours, are_drawn_as_often_and_as_strongly_as_the_options_say) {
  ColourOptions options;
  options.jitter = 0.8, options.greyscale = 0.2, options.blur = 0.5, options.hue = 0.1;
  int jittered = 0, grey = 0, blurred = 0, hue_first = 0;
  double lowest = 1, highest = 1, widest = 0;
  for (std::uint64_t i = 0; i < 2000; ++i) {
    Stream stream = Keys(3).stream(Purpose::test, i);
    const Disturbance drawn = Disturbance::drawn(options, 112, stream);
    jittered += drawn.jittered, grey += drawn.grey, blurred += drawn.blur > 0;
    hue_first += drawn.order[0] == Disturbance::hue;
    lowest = std::min(lowest, drawn.amount[Disturbance::contrast]);
    highest = std::max(highest, drawn.amount[Disturbance::contrast]);
    widest = std::max(widest, drawn.blur);
    EXPECT_LE(std::abs(drawn.amount[Disturbance::hue]), 0.1);
  }
  EXPECT_NEAR(jittered, 1600, 100);
  EXPECT_NEAR(grey, 400, 100);
  EXPECT_NEAR(blurred, 1000, 120);
  EXPECT_NEAR(hue_first, 500, 100);
  EXPECT_NEAR(lowest, 0.6, 0.01);
  EXPECT_NEAR(highest, 1.4, 0.01);
  EXPECT_NEAR(widest, 1, 0.01) << "half as many pixels, half the deviation";
}

TEST(DisturbedColours, of_one_option_do_not_depend_on_the_others) {
  ColourOptions all, jitter;
  all.jitter = jitter.jitter = 0.5, all.greyscale = 0.5, all.blur = 1, all.hue = 0.4;
  for (std::uint64_t i = 0; i < 50; ++i) {
    Stream one = Keys(3).stream(Purpose::test, i), other = one;
    const Disturbance a = Disturbance::drawn(all, 32, one), b = Disturbance::drawn(jitter, 32, other);
    EXPECT_EQ(a.jittered, b.jittered);
    EXPECT_EQ(a.order, b.order);
    EXPECT_EQ(a.amount[Disturbance::contrast], b.amount[Disturbance::contrast]);
  }
}

}  // namespace
}  // namespace fedorbit
