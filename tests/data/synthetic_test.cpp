#include "data/synthetic.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "core/error.hpp"

namespace fedorbit {
namespace {

using testing::HasSubstr;

std::string problem(const SyntheticOptions& options) {
  try {
    SceneGenerator scenes(options);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(Scenes, ThereAreAtLeastTwelveClassesAndSeveralDomains) {
  const auto classes = scene_class_names(), domains = scene_domain_names();
  EXPECT_GE(classes.size(), 12u);
  EXPECT_GE(domains.size(), 4u);
  EXPECT_EQ(std::set(classes.begin(), classes.end()).size(), classes.size());
  for (const char* name :
       {"farmland", "forest", "river", "runway", "harbor", "storage tanks", "dense residential", "parking lot"})
    EXPECT_THAT(classes, testing::Contains(name));
}

TEST(Scenes, ASceneDoesNotDependOnWhatElseIsDrawn) {
  const SceneGenerator all({.domains = "all", .per_class = 5});
  const SceneGenerator few({.classes = "harbor,river", .domains = "winter", .per_class = 3});
  const auto classes = scene_class_names();
  const auto place = [](const std::vector<std::string>& list, const char* name) {
    return std::find(list.begin(), list.end(), name) - list.begin();
  };
  const std::int64_t winter = place(scene_domain_names(), "winter"), river = place(classes, "river");
  const std::int64_t there = (winter * std::int64_t(classes.size()) + river) * 5 + 2;
  const Scene later = few.draw(5), first = all.draw(there);
  EXPECT_EQ(few.label(5), 1);
  EXPECT_EQ(all.label(there), river);
  EXPECT_EQ(all.domain(there), winter);
  EXPECT_EQ(first.pixels, later.pixels);
  EXPECT_EQ(first.cover, later.cover);
}

TEST(Scenes, SeedIndexAndDomainEachChangeTheScene) {
  const SceneGenerator one({.classes = "harbor", .domains = "aerial,winter", .per_class = 2, .seed = 1});
  const SceneGenerator two({.classes = "harbor", .domains = "aerial", .per_class = 2, .seed = 2});
  EXPECT_NE(one.draw(0).pixels, one.draw(1).pixels);
  EXPECT_NE(one.draw(0).pixels, one.draw(2).pixels);
  EXPECT_NE(one.draw(0).pixels, two.draw(0).pixels);
}

TEST(Scenes, BoxesAreTheTightBoundsOfTheirPixels) {
  const SceneGenerator scenes({.domains = "aerial,coarse", .per_class = 2, .size = 96});
  std::size_t objects = 0;
  for (std::int64_t i = 0; i < scenes.size(); ++i) {
    const Scene scene = scenes.draw(i);
    ASSERT_EQ(scene.pixels.size(), 96u * 96 * 3);
    ASSERT_EQ(scene.cover.size(), 96u * 96);
    std::vector<SceneObject> seen(scene.objects.size(), {Cover::rock, 96, 96, 0, 0});
    for (int y = 0; y < 96; ++y)
      for (int x = 0; x < 96; ++x) {
        ASSERT_LT(scene.cover[y * 96 + x], cover_names().size());
        const int owner = scene.owner[y * 96 + x];
        if (owner == 0) continue;
        ASSERT_LE(owner, int(seen.size()));
        SceneObject& box = seen[owner - 1];
        box = {scene.objects[owner - 1].kind, std::min(box.left, x), std::min(box.top, y), std::max(box.right, x + 1),
               std::max(box.bottom, y + 1)};
        ASSERT_EQ(scene.cover[y * 96 + x], std::uint8_t(box.kind));
      }
    for (std::size_t k = 0; k < seen.size(); ++k) {
      const SceneObject &box = scene.objects[k], &pixels = seen[k];
      ASSERT_TRUE(box.left == pixels.left && box.top == pixels.top && box.right == pixels.right &&
                  box.bottom == pixels.bottom)
          << "object " << k << " of scene " << i;
    }
    objects += seen.size();
  }
  EXPECT_GT(objects, 500u);
}

/// The share of a class's pixels that `cover` holds, and how many objects of that kind there are.
std::pair<double, int> amount(const char* name, Cover cover) {
  SyntheticOptions options{.per_class = 20};
  options.classes = name;
  const SceneGenerator scenes(options);
  double share = 0;
  int objects = 0;
  for (std::int64_t i = 0; i < scenes.size(); ++i) {
    const Scene scene = scenes.draw(i);
    for (std::uint8_t value : scene.cover) share += value == std::uint8_t(cover);
    for (const SceneObject& object : scene.objects) objects += object.kind == cover;
  }
  return {share / double(scenes.size() * 64 * 64), objects};
}

TEST(Scenes, MasksHoldWhatTheClassSays) {
  EXPECT_GT(amount("forest", Cover::trees).first, 0.6);
  EXPECT_GT(amount("farmland", Cover::crops).first, 0.6);
  EXPECT_GT(amount("desert", Cover::sand).first, 0.9);
  EXPECT_GT(amount("parking lot", Cover::vehicle).second, 20 * 15);
  EXPECT_GT(amount("harbor", Cover::ship).second, 20 * 8);
  EXPECT_GT(amount("storage tanks", Cover::tank).second, 20 * 2);
  EXPECT_GT(amount("dense residential", Cover::building).second, 20 * 15);
  EXPECT_GE(amount("airplane", Cover::airplane).second, 20);
  EXPECT_GE(amount("tennis court", Cover::court).second, 20);
}

TEST(Scenes, WaterIsWhereTheMaskSaysSo) {
  // In a near infrared picture of a pond, what the mask calls water is far less red than the plants around it.
  const SceneGenerator scenes({.classes = "pond", .domains = "infrared", .per_class = 10});
  double water = 0, land = 0, water_pixels = 0, land_pixels = 0;
  for (std::int64_t i = 0; i < scenes.size(); ++i) {
    const Scene scene = scenes.draw(i);
    for (std::size_t pixel = 0; pixel < scene.cover.size(); ++pixel) {
      const bool wet = scene.cover[pixel] == std::uint8_t(Cover::water);
      (wet ? water : land) += scene.pixels[3 * pixel];
      (wet ? water_pixels : land_pixels) += 1;
    }
  }
  EXPECT_LT(1.5 * water / water_pixels, land / land_pixels);
}

TEST(Scenes, MeanColourAloneDoesNotTellTheClass) {
  // Leave-one-out nearest neighbour on the mean colour: well below what shapes allow.
  const SceneGenerator scenes({.domains = "aerial,dry season", .per_class = 12, .size = 32});
  std::vector<std::array<double, 3>> means;
  for (std::int64_t i = 0; i < scenes.size(); ++i) {
    std::array<double, 3> mean{};
    const Scene scene = scenes.draw(i);
    for (std::size_t k = 0; k < scene.pixels.size(); ++k) mean[k % 3] += scene.pixels[k] / (32. * 32);
    means.push_back(mean);
  }
  int right = 0;
  for (std::int64_t i = 0; i < scenes.size(); ++i) {
    double nearest = 1e9;
    std::int64_t label = -1;
    for (std::int64_t j = 0; j < scenes.size(); ++j) {
      double gap = 0;
      for (int c = 0; c < 3; ++c) gap += (means[i][c] - means[j][c]) * (means[i][c] - means[j][c]);
      if (i != j && gap < nearest) nearest = gap, label = scenes.label(j);
    }
    right += label == scenes.label(i);
  }
  const double accuracy = double(right) / double(scenes.size());
  RecordProperty("accuracy", std::to_string(accuracy));
  EXPECT_LT(accuracy, 0.4);
}

TEST(Scenes, UnknownNamesAreAnsweredWithTheNearest) {
  EXPECT_THAT(problem({.classes = "forest,harbour"}), AllOf(HasSubstr("\"harbour\""), HasSubstr("\"harbor\"")));
  EXPECT_THAT(problem({.domains = "wintr"}), HasSubstr("did you mean \"winter\""));
  EXPECT_THAT(problem({.classes = "river,river"}), HasSubstr("twice"));
  EXPECT_THAT(problem({.per_class = 0}), HasSubstr("per_class"));
  EXPECT_THAT(problem({.size = 4}), HasSubstr("not 4"));
  EXPECT_THROW(SceneGenerator({.per_class = 1}).draw(-1), Error);
}

}  // namespace
}  // namespace fedorbit
