// Numbers as people read them.
#include "core/words.hpp"

#include <gtest/gtest.h>

namespace fedorbit {
namespace {

TEST(Words, a_half_goes_up_whatever_the_order_of_the_sum_it_came_from) {
  EXPECT_EQ(percent(0.5275), "52.8 %");
  EXPECT_EQ(percent(0.5275 - 1e-15), "52.8 %");
  EXPECT_EQ(percent(0.5275 + 1e-15), "52.8 %");
  EXPECT_EQ(percent(0.0625 / 100), "0.1 %");
  EXPECT_EQ(percent(0.52749), "52.7 %");
  EXPECT_EQ(percent(1), "100.0 %");
  EXPECT_EQ(percent(211, 400), "52.8 %");
  EXPECT_EQ(percent(0, 0), "-");
}

TEST(Words, one_of_a_thing_is_singular) {
  EXPECT_EQ(counted(1, "class"), "1 class");
  EXPECT_EQ(counted(2, "class"), "2 classes");
  EXPECT_EQ(counted(1, "round"), "1 round");
  EXPECT_EQ(counted(0, "test image"), "0 test images");
}

TEST(Words, quantities_have_units_of_their_size) {
  EXPECT_EQ(human_bytes(0), "0 B");
  EXPECT_EQ(human_bytes(1023), "1023 B");
  EXPECT_EQ(human_bytes(1536), "1.5 KiB");
  EXPECT_EQ(human_bytes(655'360), "640.0 KiB");
  EXPECT_EQ(human_bytes(INT64_MAX), "8192.0 PiB");
  EXPECT_EQ(human_seconds(0.04), "0.0 s");
  EXPECT_EQ(human_seconds(59.97), "1 min 0 s");
  EXPECT_EQ(human_seconds(75), "1 min 15 s");
  EXPECT_EQ(human_seconds(7260), "2 h 1 min");
}

TEST(Words, a_list_is_what_stands_between_semicolons) {
  EXPECT_EQ(listed(" a b;c ;; \n"), (std::vector<std::string>{"a b", "c"}));
  EXPECT_EQ(listed(""), std::vector<std::string>());
}

}  // namespace
}  // namespace fedorbit
