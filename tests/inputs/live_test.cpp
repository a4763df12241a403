// Clients that encode their images anew in each step see what was kept for them.
#include "inputs/live.hpp"

#include <gtest/gtest.h>

#include "algorithms/group.hpp"
#include "inputs/samples.hpp"

namespace fedorbit {
namespace {

TEST(LiveImages, give_the_features_and_patches_that_are_kept) {
  SyntheticOptions options;
  options.per_class = 1, options.size = 40;
  const Dataset dataset = Dataset::synthetic(options);
  const Clip clip = random_clip();
  const LiveEncoder live = live_encoder(dataset, clip, true, at::kCPU);
  std::vector<std::int64_t> all;
  for (std::int64_t i = 0; i < dataset.size(); ++i) all.push_back(i);
  const VisionFeatures kept = live(all);
  const Samples samples({kept.features, kept.patches}, dataset.labels(), at::kCPU);
  // Kept features that are wrong everywhere: a training batch must not look at them.
  const Samples anew({kept.features + 1, kept.patches + 1}, dataset.labels(), at::kCPU, Keys(0), live);
  const std::vector<std::vector<std::int64_t>> chosen{{5, 0, 3}, {}, {7}};
  const Batch expected = samples.batch(chosen, 4, true, 2), batch = anew.batch(chosen, 4, true, 2);
  const Tensor present = expected.present.unsqueeze(2);
  EXPECT_LT(relative(batch.features * present, expected.features * present), 1e-6);
  EXPECT_LT(relative(batch.patches * present.unsqueeze(3), expected.patches * present.unsqueeze(3)), 1e-6);
  EXPECT_TRUE(at::equal(batch.labels, expected.labels));
  EXPECT_TRUE(at::equal(anew.batch(chosen, 4, true).features, samples.batch(chosen, 4, true).features + 1))
      << "an evaluation takes what is kept";
}

}  // namespace
}  // namespace fedorbit
