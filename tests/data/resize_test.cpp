// The resize of windows against its formula, computed a sum at a time.
#include "data/resize.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/keys.hpp"

namespace fedorbit {
namespace {

double cubic(double x) {
  x = std::abs(x);
  return x < 1 ? (1.5 * x - 2.5) * x * x + 1 : x < 2 ? -0.5 * (((x - 5) * x + 8) * x - 4) : 0;
}

/// Target `i` of a line of bytes, `step` apart.
std::uint8_t weighed(const std::uint8_t* line, std::int64_t step, std::int64_t from, std::int64_t to, std::int64_t i) {
  const double scale = double(from) / double(to), stretch = std::max(scale, 1.0);
  const double centre = (double(i) + 0.5) * scale;
  const auto first = std::max<std::int64_t>(0, std::int64_t(centre - 2 * stretch + 0.5));
  const auto end = std::min<std::int64_t>(from, std::int64_t(centre + 2 * stretch + 0.5));
  double all = 0;
  for (auto j = first; j < end; ++j) all += cubic((double(j) - centre + 0.5) / stretch);
  std::int32_t sum = 1 << 21;
  for (auto j = first; j < end; ++j) {
    const double weight = cubic((double(j) - centre + 0.5) / stretch) / all * (1 << 22);
    sum += line[j * step] * std::int32_t(weight + (weight < 0 ? -0.5 : 0.5));
  }
  return std::uint8_t(std::clamp(sum >> 22, 0, 255));
}

std::vector<std::uint8_t> resized(const Window& in, std::int64_t height, std::int64_t width) {
  std::vector<std::uint8_t> narrow(std::size_t(in.channels * in.rows * width)), out;
  for (std::int64_t c = 0; c < in.channels; ++c)
    for (std::int64_t y = 0; y < in.rows; ++y)
      for (std::int64_t x = 0; x < width; ++x)
        narrow[std::size_t((c * in.rows + y) * width + x)] =
            weighed(in.first + y * in.stride + c, in.channels, in.columns, width, x);
  for (std::int64_t c = 0; c < in.channels; ++c)
    for (std::int64_t y = 0; y < height; ++y)
      for (std::int64_t x = 0; x < width; ++x)
        out.push_back(weighed(&narrow[std::size_t(c * in.rows * width + x)], width, in.rows, height, y));
  return out;
}

TEST(Resize, of_windows_of_any_size_is_its_formula_mirrored_or_not) {
  constexpr std::int64_t side = 70;
  Stream random = Keys(1).stream(Purpose::test);
  std::vector<std::uint8_t> image(side * side * 3);
  for (auto& byte : image) byte = std::uint8_t(random.bits());
  const auto up_to = [&](std::int64_t most) { return 1 + std::int64_t(random.below(std::uint64_t(most))); };
  for (int trial = 0; trial < 200; ++trial) {
    const std::int64_t channels = trial % 3 == 0 ? 1 : 3, rows = up_to(side), columns = up_to(side);
    const std::int64_t height = trial % 5 == 0 ? rows : up_to(90), width = trial % 7 == 0 ? columns : up_to(90);
    const std::int64_t top = up_to(side - rows + 1) - 1, left = up_to(side - columns + 1) - 1;
    const Window window{image.data() + (top * side + left) * channels, rows, columns, channels, side * channels};
    std::vector<std::uint8_t> expected = resized(window, height, width), actual(expected.size());
    const bool mirrored = trial % 2 == 1;
    for (std::int64_t row = 0; mirrored && row < channels * height; ++row)
      std::reverse(expected.begin() + row * width, expected.begin() + (row + 1) * width);
    resize_window(window, height, width, mirrored, actual.data());
    EXPECT_EQ(actual, expected) << rows << " x " << columns << " x " << channels << " to " << height << " x " << width;
  }
}

}  // namespace
}  // namespace fedorbit
