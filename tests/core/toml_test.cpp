// In what two TOML tables differ.
#include "core/toml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fedorbit {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> between(const std::string& there, const std::string& here) {
  return differences(parse_toml(there, "there.toml"), parse_toml(here, "here.toml"));
}

TEST(Toml, DifferencesNameEachKeyWithBothValues) {
  EXPECT_THAT(between("seed = 1\n[training]\nrounds = 50\nrate = 0.1", "seed = 1\n[training]\nrounds = 3\nrate = 0.2"),
              ElementsAre("training.rate is 0.1 there and 0.2 here", "training.rounds is 50 there and 3 here"));
}

TEST(Toml, AKeyThatOneSideLacksDiffers) {
  EXPECT_THAT(between("a = 'x'", "b = true"),
              ElementsAre("a is 'x' there and unknown here", "b is unknown there and true here"));
}

TEST(Toml, OrderAndSpaceAreNoDifference) { EXPECT_THAT(between("a = 1\nb = 2", "b=2\n\na=1"), IsEmpty()); }

}  // namespace
}  // namespace fedorbit
