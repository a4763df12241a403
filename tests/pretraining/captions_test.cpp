// Captions say only what is true of a view, as often as asked, and where the template has room for it.
#include "pretraining/captions.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>

#include "core/error.hpp"
#include "tiny.hpp"

namespace fedorbit {
namespace {

Dataset scenes() { return Dataset::synthetic(tiny_pretraining().synthetic); }

std::string worded(const Captions& captions, const Said& said) {
  const Tensor row = captions.worded({said}, Keys(1), 3)[0];
  return captions.tokenizer().decode({row.const_data_ptr<std::int64_t>(), std::size_t(row.numel())});
}

TEST(Captions, PutWordsOnAViewIntoTheirPlaceInTheTemplate) {
  const Dataset dataset = scenes();
  const Captions captions({.templates = "a {view} photo of {}.", .described = 1}, dataset, 32);
  const std::string name = spoken(dataset.class_names()[0]);
  EXPECT_EQ(worded(captions, {0, 1u << 0 | 1u << 3}).find("a close bright photo of "), 0u);
  EXPECT_EQ(worded(captions, {0, 0}).find("a photo of "), 0u);
}

TEST(Captions, SayOneOrTwoTrueThingsOrNothing) {
  const Captions captions({.templates = "{view} {}", .described = 0.5}, scenes(), 32);
  const std::uint32_t truth = 0b01011001;
  int silent = 0;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    const Said said = captions.said(2, truth, Keys(1).stream(Purpose::test, i));
    EXPECT_EQ(said.label, 2);
    EXPECT_EQ(said.traits & ~truth, 0u);
    EXPECT_LE(std::popcount(said.traits), 2);
    silent += said.traits == 0;
  }
  EXPECT_NEAR(silent, 500, 80);
  EXPECT_EQ(captions.said(2, 0, Keys(1).stream(Purpose::test)).traits, 0u);
}

TEST(Captions, RefuseATemplateWithoutRoomForWhatTheyShallSay) {
  EXPECT_THROW(Captions({.templates = "a photo of {}", .described = 0.5}, scenes(), 32), Error);
  EXPECT_NO_THROW(Captions({.templates = "a photo of {}", .described = 0}, scenes(), 32));
}

}  // namespace
}  // namespace fedorbit
