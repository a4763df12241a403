#include "data/augment.hpp"

#include <algorithm>
#include <cmath>

#include "core/error.hpp"
#include "data/transform.hpp"

namespace fedorbit {

Crop drawn_crop(std::int64_t rows, std::int64_t columns, double smallest, Stream& stream) {
  constexpr double narrowest = 3.0 / 4, widest = 4.0 / 3;  // width over height
  const double area = double(rows) * double(columns);
  for (int attempt = 0; attempt < 10; ++attempt) {
    const double target = area * stream.uniform(smallest, 1);
    const double ratio = std::exp(stream.uniform(std::log(narrowest), std::log(widest)));
    const auto width = std::llround(std::sqrt(target * ratio)), height = std::llround(std::sqrt(target / ratio));
    if (width < 1 || width > columns || height < 1 || height > rows) continue;
    const auto top = std::int64_t(stream.below(std::uint64_t(rows - height + 1)));
    const auto left = std::int64_t(stream.below(std::uint64_t(columns - width + 1)));
    return {top, left, height, width};
  }
  const double ratio = double(columns) / double(rows);
  const std::int64_t width = ratio > widest ? std::max<std::int64_t>(1, std::llround(double(rows) * widest)) : columns;
  const std::int64_t height =
      ratio < narrowest ? std::max<std::int64_t>(1, std::llround(double(columns) / narrowest)) : rows;
  return {(rows - height) / 2, (columns - width) / 2, height, width};
}

Tensor cropped(const Tensor& image, const Crop& crop, std::int64_t size, bool mirrored) {
  return resize_bicubic(image.narrow(1, crop.top, crop.height).narrow(2, crop.left, crop.width), size, size, mirrored);
}

std::string ViewOptions::recipe() const {
  if (count == 0) return "";
  return text("random resized crop from ", smallest_crop, flip ? ", flip" : "", ", seed ", seed);
}

Tensor random_view(const Tensor& image, std::int64_t size, double smallest_crop, bool flip, Stream& stream) {
  const Crop crop = drawn_crop(image.size(1), image.size(2), smallest_crop, stream);
  return cropped(image, crop, size, flip && stream.below(2) == 1);
}

Tensor augmented_view(const Tensor& image, std::int64_t size, const ViewOptions& options, std::int64_t sample,
                      std::int64_t view) {
  Stream stream =
      Keys(std::uint64_t(options.seed)).stream(Purpose::augment, std::uint64_t(view), std::uint64_t(sample));
  return random_view(image, size, options.smallest_crop, options.flip, stream);
}

}  // namespace fedorbit
