// Alignment to a fixed encoder that everybody has: what is sent of it, what it sees, and what is refused.
#include "algorithms/self_supervised.hpp"
#include "model/checkpoints/embedded.hpp"

namespace fedorbit {
namespace {

/// A small SimSiam beside the embedded CLIP.
std::unique_ptr<Learner> beside_clip(std::vector<std::string> options) {
  for (std::string& option : options) option = "simsiam." + option;
  return make_learner("simsiam", with<LearnerOptions>(options),
                      material_of(load_clip(embedded_clip(), "the embedded weights"), {"only"}));
}

const std::vector<std::string> small_pairs = joined(residual, sizes.at("simsiam"));

TEST(PublicEncoder, is_neither_sent_nor_kept_and_named_by_its_checksum) {
  const auto without = made("simsiam", small_pairs),
             with = made("simsiam", joined(small_pairs, {"alignment=0.5", "aligned_to=" + weights("resnet18")}));
  const std::int64_t aligner = 2 * (32 * 32 + 32);
  EXPECT_EQ(with->layout().size(Owner::shared), without->layout().size(Owner::shared) + aligner);
  EXPECT_EQ(with->layout().size(Owner::turn), 0);
  EXPECT_EQ(without->weights_checksum(), "");
  const std::string checksum = with->weights_checksum();
  EXPECT_EQ(checksum.size(), 64u);
  const std::string both = "weights=" + weights("resnet18");
  EXPECT_EQ(made("simsiam", joined(small_pairs, {"alignment=0.5", "aligned_to=" + weights("resnet18"), both}))
                ->weights_checksum(),
            checksum + ", " + checksum);
}

TEST(PublicEncoder, may_be_the_tower_of_the_clip_which_sees_images_of_its_own_size) {
  const auto learner = beside_clip(joined(small_pairs, {"alignment=0.5", "aligned_to=clip"}));
  const std::int64_t width = material_of(load_clip(embedded_clip(), "it"), {"only"}).clip->config.vision.width;
  EXPECT_EQ(learner->layout().entry("aligner.2.weight").shape, (std::vector<std::int64_t>{width, 32}));
  Held near(beside_clip(joined(small_pairs, {"alignment=0.5", "aligned_to=clip"}))),
      plain(made("simsiam", small_pairs));
  near.take(under("simsiam.resnet18.weight."));
  plain.take(under("simsiam.resnet18.weight."));
  const double pull = near.step() - plain.step();
  EXPECT_GT(pull, 0);
  EXPECT_LT(pull, 1);
  EXPECT_GT(near.gradient("aligner.2.weight").norm().item<double>(), 0);
}

TEST(PublicEncoder, that_does_not_fit_is_refused_by_name) {
  const auto refused = [](const std::vector<std::string>& options) {
    return sentence([&] { made("simsiam", joined(small_pairs, options)); });
  };
  const std::string resnet = "aligned_to=" + weights("resnet18");
  EXPECT_THAT(refused({resnet}), testing::HasSubstr("simsiam.alignment one above 0"));
  EXPECT_THAT(refused({"alignment=1", "aligned_size=32"}), testing::HasSubstr("name it with simsiam.aligned_to"));
  EXPECT_THAT(refused({"alignment=1", "aligned_to=clip"}),
              testing::HasSubstr("model.weights, of which there are none"));
  EXPECT_THAT(refused({"alignment=1", "aligned_to=clip", "aligned_architecture=resnet50"}),
              testing::HasSubstr("simsiam.aligned_architecture = \"resnet50\" is of a file"));
  EXPECT_THAT(refused({"alignment=1", resnet, "aligned_architecture=resnet50"}), testing::HasSubstr("conv1.weight"));
  EXPECT_THAT(refused({"alignment=1", "aligned_to=nowhere.pth"}), testing::HasSubstr("nowhere.pth"));
}

}  // namespace
}  // namespace fedorbit
