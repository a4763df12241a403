#include "data/transform.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/error.hpp"

namespace fedorbit {
namespace {

constexpr int precision_bits = 32 - 8 - 2;

/// Which source pixels make one target pixel, and with which fixed-point weights.
struct Taps {
  std::int64_t first, count;
};

struct Filter {
  std::vector<Taps> taps;             // per target pixel
  std::vector<std::int32_t> weights;  // (target, longest)
  std::int64_t longest;
};

/// Keys' cubic with a = -0.5 (Keys 1981, doi 10.1109/TASSP.1981.1163711).
double cubic(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

Filter make_filter(std::int64_t from, std::int64_t to) {
  const double scale = double(from) / double(to), stretch = std::max(scale, 1.0), support = 2 * stretch;
  Filter out{{}, {}, std::int64_t(std::ceil(support)) * 2 + 1};
  out.weights.resize(std::size_t(to * out.longest));
  std::vector<double> exact(std::size_t(out.longest));
  for (std::int64_t i = 0; i < to; ++i) {
    const double centre = (double(i) + 0.5) * scale;
    const auto first = std::max<std::int64_t>(0, std::int64_t(centre - support + 0.5));
    const auto count = std::min<std::int64_t>(from, std::int64_t(centre + support + 0.5)) - first;
    double sum = 0;
    for (std::int64_t j = 0; j < count; ++j)
      sum += exact[std::size_t(j)] = cubic((double(j + first) - centre + 0.5) / stretch);
    for (std::int64_t j = 0; j < count; ++j) {
      const double fixed = exact[std::size_t(j)] / sum * (1 << precision_bits);
      out.weights[std::size_t(i * out.longest + j)] = std::int32_t(fixed + (fixed < 0 ? -0.5 : 0.5));
    }
    out.taps.push_back({first, count});
  }
  return out;
}

std::uint8_t rounded(std::int32_t sum) { return std::uint8_t(std::clamp(sum >> precision_bits, 0, 255)); }

/// (rows, from) -> (rows, to)
void resize_rows(const std::uint8_t* in, std::uint8_t* out, std::int64_t rows, std::int64_t from, std::int64_t to) {
  const Filter filter = make_filter(from, to);
  for (std::int64_t row = 0; row < rows; ++row, in += from, out += to)
    for (std::int64_t i = 0; i < to; ++i) {
      const Taps taps = filter.taps[std::size_t(i)];
      const std::int32_t* weights = &filter.weights[std::size_t(i * filter.longest)];
      std::int32_t sum = 1 << (precision_bits - 1);
      for (std::int64_t j = 0; j < taps.count; ++j) sum += in[taps.first + j] * weights[j];
      out[i] = rounded(sum);
    }
}

/// (planes, from, width) -> (planes, to, width), a whole line at a time
void resize_columns(const std::uint8_t* in, std::uint8_t* out, std::int64_t planes, std::int64_t from, std::int64_t to,
                    std::int64_t width) {
  const Filter filter = make_filter(from, to);
  std::vector<std::int32_t> sums(static_cast<std::size_t>(width));
  for (std::int64_t plane = 0; plane < planes; ++plane, in += from * width)
    for (std::int64_t i = 0; i < to; ++i, out += width) {
      const Taps taps = filter.taps[std::size_t(i)];
      std::fill(sums.begin(), sums.end(), 1 << (precision_bits - 1));
      for (std::int64_t j = 0; j < taps.count; ++j) {
        const std::int32_t weight = filter.weights[std::size_t(i * filter.longest + j)];
        const std::uint8_t* line = in + (taps.first + j) * width;
        for (std::int64_t x = 0; x < width; ++x) sums[std::size_t(x)] += line[x] * weight;
      }
      for (std::int64_t x = 0; x < width; ++x) out[x] = rounded(sums[std::size_t(x)]);
    }
}

/// Python's round(difference / 2): halves go to the even number.
std::int64_t margin(std::int64_t difference) { return std::int64_t(std::nearbyint(double(difference) / 2)); }

}  // namespace

Tensor resize_bicubic(const Tensor& image, std::int64_t height, std::int64_t width) {
  require(image.dim() == 3 && image.scalar_type() == at::kByte && image.device().is_cpu() && image.numel() > 0,
          "an image to resize is uint8 (channels, height, width) on the CPU and not empty; this one is ",
          image.toString(), " ", image.sizes(), ".");
  require(height > 0 && width > 0, "an image cannot be resized to ", height, " x ", width, " pixels.");
  Tensor now = image.contiguous();
  const std::int64_t channels = now.size(0);
  if (now.size(2) != width) {
    Tensor next = at::empty({channels, now.size(1), width}, now.options());
    resize_rows(now.const_data_ptr<std::uint8_t>(), next.mutable_data_ptr<std::uint8_t>(), channels * now.size(1),
                now.size(2), width);
    now = next;
  }
  if (now.size(1) != height) {
    Tensor next = at::empty({channels, height, width}, now.options());
    resize_columns(now.const_data_ptr<std::uint8_t>(), next.mutable_data_ptr<std::uint8_t>(), channels, now.size(1),
                   height, width);
    now = next;
  }
  return now;
}

Transform transform_for(const std::string& normalisation, std::int64_t image_size) {
  Transform out{image_size};
  if (normalisation == "imagenet") out.mean = {0.485, 0.456, 0.406}, out.standard_deviation = {0.229, 0.224, 0.225};
  return out;
}

Tensor Transform::square(const Tensor& image) const {
  require(image.dim() == 3 && image.size(0) == 3, "CLIP's preprocessing wants an image of (3, height, width), not ",
          image.sizes(), ".");
  const std::int64_t rows = image.size(1), columns = image.size(2), shorter = std::min(rows, columns);
  require(shorter > 0, "CLIP's preprocessing was given an image without pixels.");
  const auto scaled = [&](std::int64_t side) { return side == shorter ? image_size : image_size * side / shorter; };
  const std::int64_t height = scaled(rows), width = scaled(columns);
  const Tensor resized = resize_bicubic(image, height, width);
  return resized.narrow(1, margin(height - image_size), image_size)
      .narrow(2, margin(width - image_size), image_size)
      .contiguous();
}

Tensor Transform::normalised(const Tensor& squares) const {
  const auto options = at::TensorOptions(at::kFloat);
  const auto channels = [&](const std::array<double, 3>& values) {
    return at::tensor(at::ArrayRef<double>(values), options).view({3, 1, 1}).to(squares.device());
  };
  return squares.to(at::kFloat).div(255).sub_(channels(mean)).div_(channels(standard_deviation));
}

}  // namespace fedorbit
