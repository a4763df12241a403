// The contrastive loss against its formula written out in loops.
#include "pretraining/loss.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "algorithms/losses/cosine.hpp"
#include "core/keys.hpp"

namespace fedorbit {
namespace {

Tensor random_units(std::int64_t rows, std::int64_t width, std::uint64_t round) {
  Tensor out = at::empty({rows, width}, at::kFloat);
  Keys(3).stream(Purpose::test, round).fill_normal({out.data_ptr<float>(), std::size_t(out.numel())}, 1);
  return unit(out);
}

TEST(ContrastiveLoss, IsTheMeanOfSmoothedImageToTextAndManyPositiveTextToImageCrossEntropies) {
  constexpr int B = 5, T = 3;
  const std::vector<std::int64_t> targets{0, 2, 1, 2, 2};
  const Tensor images = random_units(B, 8, 0), texts = random_units(T, 8, 1);
  constexpr double scale = 7, smoothing = 0.2;
  double s[B][T];
  for (int i = 0; i < B; ++i)
    for (int t = 0; t < T; ++t) s[i][t] = scale * at::dot(images[i], texts[t]).item<double>();
  double to_text = 0, to_image = 0;
  for (int i = 0; i < B; ++i) {
    double sum = 0;
    for (int t = 0; t < T; ++t) sum += std::exp(s[i][t]);
    for (int t = 0; t < T; ++t)
      to_text -= ((targets[i] == t) * (1 - smoothing) + smoothing / T) * (s[i][t] - std::log(sum)) / B;
  }
  for (int t = 0; t < T; ++t) {
    double sum = 0, own = 0, count = 0;
    for (int i = 0; i < B; ++i) sum += std::exp(s[i][t]);
    for (int i = 0; i < B; ++i)
      if (targets[i] == t) own += s[i][t] - std::log(sum), count += 1;
    to_image -= own / count / T;
  }
  const Tensor loss =
      contrastive_loss(images, texts, at::one_hot(at::tensor(targets), T).to(at::kFloat), at::tensor(scale), smoothing);
  EXPECT_NEAR(loss.item<double>(), 0.5 * (to_text + to_image), 1e-5);
}

TEST(ContrastiveLoss, DividesAnImageAmongTheTextsThatAreTrueOfIt) {
  const Tensor images = at::eye(3).narrow(0, 0, 2), texts = at::eye(3);
  const Tensor match = at::tensor({1., 0., 1., 0., 1., 0.}).view({2, 3});
  const double z = std::log(std::exp(2.) + 2), y = std::log(std::exp(2.) + 1);  // over texts, over images, at scale 2
  const double to_text = ((z - 2 + z) / 2 + z - 2) / 2;
  const double to_image = (y - 2 + y - 2 + std::log(2.)) / 3;
  EXPECT_NEAR(contrastive_loss(images, texts, match, at::tensor(2.0), 0).item<double>(), (to_text + to_image) / 2,
              1e-6);
}

TEST(ContrastiveLoss, IsLowerWhenImagesLieAtTheirTexts) {
  const Tensor texts = at::eye(4);
  const auto loss = [&](const Tensor& images) {
    return contrastive_loss(images, texts, at::eye(4), at::tensor(5.0), 0).item<double>();
  };
  EXPECT_LT(loss(texts), 0.1);
  EXPECT_GT(loss(texts.roll(1, 0)), 4);
}

}  // namespace
}  // namespace fedorbit
