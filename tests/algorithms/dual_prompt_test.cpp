// What FedRSCLIP's learner says of itself and of its options.
#include "algorithms/learners/dual_prompt.hpp"

#include "algorithms/group.hpp"

namespace fedorbit {
namespace {

TEST(DualPrompt, warns_of_drift_and_of_a_transport_that_does_not_converge) {
  const auto learner = make_learner("dual_prompt", {}, material_of(random_clip(), class_names));
  const double none = std::nan("");
  EXPECT_TRUE(learner->warnings(std::vector<double>{1, 1, 0.5, 1, 9, 1e-4}).empty());
  EXPECT_TRUE(learner->warnings(std::vector<double>{1, 1, 0.5, none, none, none}).empty());
  EXPECT_THAT(learner->warnings(std::vector<double>{1, 1, -0.25, 1, 9, 1e-4}),
              testing::ElementsAre(testing::HasSubstr("drifted from the shared one: their mean cosine is -0.25")));
  EXPECT_THAT(learner->warnings(std::vector<double>{1, 1, 0.5, 1, 100, 0.02}),
              testing::ElementsAre(testing::HasSubstr("residual after 100 iterations is 0.02")));
}

TEST(DualPrompt, says_that_lambda_does_nothing_where_patches_have_one_target) {
  const auto idle = [](const char* reading, const char* transport) {
    const auto options =
        with<LearnerOptions>({text("dual_prompt.reading=", reading), text("dual_prompt.transport=", transport)});
    return make_learner("dual_prompt", options, material_of(random_clip(), class_names))->idle();
  };
  EXPECT_THAT(idle("joined", "patch"), testing::HasSubstr("whatever dual_prompt.lambda is"));
  EXPECT_EQ(idle("joined", "batch"), "");
  EXPECT_EQ(idle("separate", "patch"), "");
}

TEST(DualPrompt, joined_does_the_same_whatever_lambda_is) {
  const auto loss = [](const char* reading, double lambda) {
    const auto options =
        with<LearnerOptions>({text("dual_prompt.reading=", reading), text("dual_prompt.lambda=", lambda)});
    const auto learner = make_learner("dual_prompt", options, material_of(random_clip(), class_names));
    return ClientGroup(*learner, {0, 1, 2}).loss();
  };
  EXPECT_TRUE(at::allclose(loss("joined", 0.01), loss("joined", 10), 1e-5, 0));
  EXPECT_FALSE(at::allclose(loss("separate", 0.01), loss("separate", 10), 1e-3, 0));
}

TEST(DualPrompt, asks_for_patches_only_where_it_uses_them) {
  auto needs = [](const char* transport, bool score) {
    const auto options = with<LearnerOptions>(
        {text("dual_prompt.transport=", transport), text("dual_prompt.transport_score=", score ? "true" : "false")});
    return make_learner("dual_prompt", options, material_of(random_clip(), class_names))->needs().patches;
  };
  EXPECT_TRUE(needs("patch", false));
  EXPECT_TRUE(needs("none", true));
  EXPECT_FALSE(needs("batch", false));
  EXPECT_FALSE(needs("none", false));
}
}  // namespace
}  // namespace fedorbit
