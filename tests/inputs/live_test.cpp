// Images that are read in each step: what clients see of them, and what a tower makes of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <numeric>

#include "algorithms/group.hpp"
#include "core/error.hpp"
#include "data/dataset_file.hpp"
#include "inputs/batch_sources.hpp"
#include "inputs/live_images.hpp"
#include "io/file.hpp"
#include "model/towers/vision.hpp"

namespace fedorbit {
namespace {

Dataset scenes() {
  SyntheticOptions options;
  options.per_class = 1, options.size = 40;
  return Dataset::synthetic(options);
}

constexpr Needs two_views{.features = false, .labels = false, .views = 2, .image_size = 16};

/// Image b of client k in a view of a batch (K, V, B, 3, S, S).
Tensor seen(const Batch& batch, int k, int view, int b) { return batch.images[k][view][b]; }

TEST(LiveImages, without_an_occasion_are_what_CLIP_would_see) {
  const Dataset dataset = scenes();
  const LiveImages images(dataset, {.smallest_crop = 0.3, .flip = true}, at::kCPU, Keys(1));
  const Batch batch = images.batch({{{3, 1}, {}, {2}}, 3}, {.features = false, .views = 1, .image_size = 16});
  ASSERT_EQ(batch.images.sizes(), at::IntArrayRef({3, 1, 3, 3, 16, 16}));
  const auto plain = [&](std::int64_t i) { return Transform{16}(dataset.image(i).permute({2, 0, 1})); };
  EXPECT_TRUE(at::equal(seen(batch, 0, 0, 0), plain(3)));
  EXPECT_TRUE(at::equal(seen(batch, 0, 0, 1), plain(1)));
  EXPECT_TRUE(at::equal(seen(batch, 2, 0, 0), plain(2)));
  EXPECT_TRUE(at::equal(batch.present, at::tensor({1., 1., 0., 0., 0., 0., 1., 0., 0.}, at::kFloat).view({3, 3})));
  EXPECT_EQ(batch.labels[0][1].item<std::int64_t>(), dataset.labels()[1].item<std::int64_t>());
}

TEST(LiveImages, are_seen_in_views_that_round_client_step_image_and_view_draw) {
  const Dataset dataset = scenes();
  const LiveImages images(dataset, {.smallest_crop = 0.3}, at::kCPU, Keys(1));
  const auto stream = [&](std::int64_t round) {
    return images.stream({{{{3, 1}, {3}}, 2}, {{{1, 3}, {3}}, 2}}, two_views, Occasion{round, {5, 8}});
  };
  const auto one = stream(2), again = stream(2), later = stream(3);
  const Batch first = one->next(), second = one->next();
  EXPECT_TRUE(at::equal(first.images, again->next().images));
  EXPECT_FALSE(first.labels.defined());
  EXPECT_FALSE(at::equal(seen(first, 0, 0, 0), seen(first, 0, 1, 0))) << "another view";
  EXPECT_FALSE(at::equal(seen(first, 0, 0, 0), seen(first, 1, 0, 0))) << "another client";
  EXPECT_FALSE(at::equal(seen(first, 0, 0, 0), seen(second, 0, 0, 1))) << "another step";
  EXPECT_FALSE(at::equal(seen(first, 0, 0, 0), seen(later->next(), 0, 0, 0))) << "another round";
  const Batch alone = images.batch({{{1, 3}}, 2}, two_views, Occasion{2, {5}});
  EXPECT_TRUE(at::equal(seen(first, 0, 1, 0), seen(alone, 0, 1, 1))) << "whoever else is in the batch";
}

TEST(LiveImages, are_mirrored_every_other_time_and_uncropped_where_that_is_asked_for) {
  const Dataset dataset = scenes();
  const LiveImages images(dataset, {.flip = true}, at::kCPU, Keys(1));
  const Tensor plain = images.batch(picked(std::vector<std::int64_t>{4}), two_views).images[0][0][0];
  int mirrored = 0;
  for (std::int64_t round = 0; round < 100; ++round) {
    const Tensor view = images.batch({{{4}}, 1}, two_views, Occasion{round, {0}}).images[0][1][0];
    const bool flipped = at::equal(view, plain.flip({2}));
    EXPECT_TRUE(flipped || at::equal(view, plain));
    mirrored += flipped;
  }
  EXPECT_NEAR(mirrored, 50, 20);
}

/// All eight ways of laying a square, first as it is.
std::vector<Tensor> ways(const Tensor& image) {
  std::vector<Tensor> out;
  for (std::int64_t turns = 0; turns < 4; ++turns)
    for (const bool flipped : {false, true})
      out.push_back((flipped ? image.flip({1}) : image).rot90(turns, {1, 2}).contiguous());
  return out;
}

TEST(LiveImages, seen_from_above_are_laid_in_all_eight_ways) {
  const Dataset dataset = scenes();
  const LiveImages images(dataset, {.vertical_flip = true, .quarter_turns = true}, at::kCPU, Keys(1));
  const auto laid = ways(images.batch(picked(std::vector<std::int64_t>{4}), two_views).images[0][0][0]);
  std::vector<int> count(8, 0);
  for (std::int64_t round = 0; round < 160; ++round) {
    const Tensor view = images.batch({{{4}}, 1}, two_views, Occasion{round, {0}}).images[0][1][0];
    for (std::size_t way = 0; way < 8; ++way) count[way] += at::equal(view, laid[way]);
  }
  EXPECT_THAT(count, testing::Each(testing::AllOf(testing::Gt(5), testing::Lt(40))));
  EXPECT_EQ(std::accumulate(count.begin(), count.end(), 0), 160);
}

TEST(LiveImages, are_disturbed_in_their_colours_by_what_is_drawn_for_the_view_alone) {
  const Dataset dataset = scenes();
  LiveImageOptions options{.smallest_crop = 0.3};
  const LiveImages plain(dataset, options, at::kCPU, Keys(1));
  options.colours.jitter = options.colours.blur = 1;
  const LiveImages coloured(dataset, options, at::kCPU, Keys(1));
  const Picks picks{{{4, 2}}, 2};
  const Tensor batch = coloured.batch(picks, two_views, Occasion{1, {3}}).images;
  EXPECT_FALSE(at::equal(batch, plain.batch(picks, two_views, Occasion{1, {3}}).images));
  EXPECT_TRUE(at::equal(batch, coloured.batch(picks, two_views, Occasion{1, {3}}).images));
  EXPECT_FALSE(at::equal(batch[0][0], batch[0][1]));
  EXPECT_TRUE(at::equal(coloured.batch(picks, two_views).images, plain.batch(picks, two_views).images))
      << "nobody trains: images are seen as they are";
}

/// All images of a stream of many small batches of three clients, in which one trains less.
Tensor seen_with(int threads, double kept_bytes) {
  const Dataset dataset = scenes();
  const LiveImages images(dataset, {.smallest_crop = 0.3, .flip = true}, at::kCPU, Keys(1), {threads, kept_bytes});
  std::vector<Picks> picks;
  for (std::int64_t step = 0; step < 7; ++step) picks.push_back({{{step, step + 1, 3}, {}, {step % 2}}, 3});
  const auto stream = images.stream(picks, two_views, Occasion{2, {4, 5, 6}});
  std::vector<Tensor> batches;
  for (std::size_t step = 0; step < picks.size(); ++step) batches.push_back(stream->next().images);
  return at::stack(batches);
}

TEST(LiveImages, have_the_same_bits_from_any_number_of_threads_kept_or_read_again) {
  const Tensor expected = seen_with(1, 0);
  for (const int threads : {0, 2, 4})
    for (const double kept_bytes : {0., 3 * 40. * 40 * 3, 1e9})
      EXPECT_TRUE(at::equal(seen_with(threads, kept_bytes), expected)) << threads << " threads, " << kept_bytes;
}

TEST(LiveImages, reach_a_gpu_as_a_cpu_sees_them) {
  if (!at::hasCUDA()) GTEST_SKIP() << "no GPU";
  const at::Device device(at::kCUDA, 0);
  const Dataset dataset = scenes();
  const LiveImages here(dataset, {.smallest_crop = 0.3}, at::kCPU, Keys(1)),
      there(dataset, {.smallest_crop = 0.3}, device, Keys(1));
  const std::vector<Picks> picks(6, {{{0, 1, 2}, {4}}, 3});
  const Occasion occasion{2, {5, 8}};
  const auto expected = here.stream(picks, two_views, occasion), actual = there.stream(picks, two_views, occasion);
  for (std::size_t step = 0; step < picks.size(); ++step) {
    const Tensor images = actual->next().images;
    EXPECT_EQ(images.device(), device);
    EXPECT_TRUE(at::allclose(images.cpu(), expected->next().images, 1e-6, 1e-6)) << "step " << step;
  }
}

TEST(LiveImages, of_a_stream_that_nobody_waits_for_are_forgotten) {
  const Dataset dataset = scenes();
  const LiveImages images(dataset, {}, at::kCPU, Keys(1), {2, 0});
  const Picks picks{{{0, 1, 2, 3, 4}}, 5};
  images.stream({picks, picks, picks}, two_views)->next();
  images.stream({}, two_views);
  EXPECT_EQ(images.batch(picks, two_views).images.size(2), 5);
}

TEST(LiveImages, that_are_damaged_are_named_where_their_batch_is_asked_for) {
  const std::filesystem::path file = std::filesystem::path(testing::TempDir()) / "damaged.h5";
  {
    DatasetWriter writer(file, {"one"}, {{}}, {"all"}, "1,2,3", "", "");
    for (std::uint8_t i = 0; i < 4; ++i) {
      const Image image{5, 5, std::vector<std::uint8_t>(75, std::uint8_t(200 + i))};
      const std::string_view bytes(reinterpret_cast<const char*>(image.pixels.data()), image.pixels.size());
      writer.add({image, 0, 0, "file", "", sha256(bytes)});
    }
    writer.finish();
  }
  std::string content = read_file(file);
  content[content.find("\xca\xca\xca\xca") + 40] = 0;  // the third image is of 202
  write_file(file, content);
  const Dataset dataset = Dataset::open(file);
  const LiveImages images(dataset, {}, at::kCPU, Keys(1), {2, 0});
  const auto stream = images.stream({{{{0, 1}}, 2}, {{{2, 3}}, 2}, {{{1}}, 1}}, two_views);
  EXPECT_EQ(stream->next().images.size(2), 2);
  EXPECT_THAT([&] { stream->next(); }, testing::ThrowsMessage<Error>(testing::HasSubstr(
                                           file.string() + ": the pixels of image 2 do not fit their checksum")));
}

TEST(LiveImages, give_a_tower_the_features_and_patches_that_are_kept) {
  const Dataset dataset = scenes();
  const Clip clip = random_clip();
  std::vector<std::int64_t> all;
  for (std::int64_t i = 0; i < dataset.size(); ++i) all.push_back(i);
  BatchSources anew(at::kCPU);
  const LiveImages& images = anew.images.emplace(dataset, LiveImageOptions{}, at::kCPU, Keys(0));
  const Needs of_tower{.features = false, .views = 1, .image_size = clip.config.vision.image_size};
  const VisionFeatures kept =
      encode_images(clip.tensors, clip.config, images.batch(picked(all), of_tower).images[0][0], true);
  const KeptFeatures features({kept.features, kept.patches}, dataset.labels(), at::kCPU);
  // Kept features that are wrong everywhere: a training batch must not look at them.
  anew.features.emplace(Features{kept.features + 1, kept.patches + 1}, dataset.labels(), at::kCPU);
  anew.encoder = clip;
  const Picks picks{{{5, 0, 3}, {}, {7}}, 4};
  const Needs needs{.patches = true};
  const Occasion occasion{2, {4, 5, 6}};
  const Batch expected = features.batch(picks, needs, occasion), batch = anew.batch(picks, needs, occasion);
  const Tensor present = expected.present.unsqueeze(2);
  EXPECT_LT(relative(batch.features * present, expected.features * present), 1e-6);
  EXPECT_LT(relative(batch.patches * present.unsqueeze(3), expected.patches * present.unsqueeze(3)), 1e-6);
  EXPECT_TRUE(at::equal(batch.labels, expected.labels));
  EXPECT_TRUE(at::equal(anew.batch(picks, needs).features, features.batch(picks, needs).features + 1))
      << "an evaluation takes what is kept";
}

}  // namespace
}  // namespace fedorbit
