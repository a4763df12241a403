#include "io/images.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <new>

#include "core/error.hpp"
#include "io/file.hpp"
#include "io/foreign_content.hpp"
#include "io/gdal.hpp"
#include "io/image_formats.hpp"
#include "io/image_reading.hpp"
#include "io/tiff_orientation.hpp"

namespace fedorbit {
namespace {

constexpr std::int64_t most_pixels = 1 << 28;  // 800 MB of RGB; a file's header may promise anything

/// Samples of one type for the three bands of some rows, side by side: (rows, width, 3).
template <class Sample>
void read_rows(GDALDatasetH dataset, ImageReading& reading, GDALDataType type, int first, int rows, Sample* samples,
               gdal::Complaints& complaints) {
  const int width = GDALGetRasterXSize(dataset);
  complaints.note(GDALDatasetRasterIOEx(dataset, GF_Read, 0, first, width, rows, samples, width, rows, type, 3,
                                        reading.bands.data(), 3 * sizeof(Sample), GSpacing(width) * 3 * sizeof(Sample),
                                        sizeof(Sample), nullptr));
}

/// Replaces palette indices by the palette's colours.
void apply_palette(GDALColorTableH palette, std::vector<std::uint8_t>& pixels) {
  const int entries = GDALGetColorEntryCount(palette);
  for (std::size_t i = 0; i < pixels.size(); i += 3) {
    const GDALColorEntry* entry = pixels[i] < entries ? GDALGetColorEntry(palette, pixels[i]) : nullptr;
    pixels[i] = entry ? std::uint8_t(entry->c1) : 0;
    pixels[i + 1] = entry ? std::uint8_t(entry->c2) : 0;
    pixels[i + 2] = entry ? std::uint8_t(entry->c3) : 0;
  }
}

std::uint8_t scaled(double sample, const SampleRange& range) {
  const double share = (sample - range.low) / (range.high - range.low);
  return share > 0 ? std::uint8_t(std::lround(255 * std::min(share, 1.0))) : 0;  // not a number becomes 0
}

/// Samples of any type, through the range; a strip of rows at a time, since they are eight times as large.
void read_scaled(GDALDatasetH dataset, ImageReading& reading, Image& image, gdal::Complaints& complaints) {
  constexpr std::int64_t strip = 64;
  std::vector<double> samples(std::size_t(std::min(strip, image.height) * image.width * 3));
  for (std::int64_t row = 0; row < image.height; row += strip) {
    const std::int64_t rows = std::min(strip, image.height - row);
    read_rows(dataset, reading, GDT_Float64, int(row), int(rows), samples.data(), complaints);
    std::transform(samples.begin(), samples.begin() + rows * image.width * 3,
                   image.pixels.begin() + row * image.width * 3,
                   [&](double sample) { return scaled(sample, reading.range); });
  }
}

/// As TIFF 6.0 means its orientations: 1 to 4 are mirrored, 5 to 8 have rows for columns as well.
Image turned(Image image, int orientation) {
  if (orientation == 1) return image;
  const bool across = orientation >= 5;
  const bool from_right = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  const bool from_bottom = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  Image out{across ? image.width : image.height, across ? image.height : image.width, {}};
  out.pixels.reserve(image.pixels.size());
  for (std::int64_t y = 0; y < out.height; ++y)
    for (std::int64_t x = 0; x < out.width; ++x) {
      const std::int64_t row = across ? x : y, column = across ? y : x;
      const std::int64_t from =
          (from_bottom ? image.height - 1 - row : row) * image.width + (from_right ? image.width - 1 - column : column);
      out.pixels.insert(out.pixels.end(), &image.pixels[std::size_t(from * 3)],
                        &image.pixels[std::size_t(from * 3)] + 3);
    }
  return out;
}

}  // namespace

Image decode_image(std::string_view file, const std::string& name, const ImageOptions& options) {
  gdal::register_drivers();
  require(!file.empty(), name, " is empty.");
  if (const auto other = foreign_content(file.substr(0, 64)); !other.empty()) fail(name, " ", other);
  if (options.range)
    require(options.range->low < options.range->high, "the range ", options.range->low, ":", options.range->high,
            " is empty: low must be below high.");
  const gdal::MemoryFile memory(file);
  gdal::Complaints complaints;
  std::array<const char*, image_formats.size() + 1> drivers{};
  std::ranges::transform(image_formats, drivers.begin(), &ImageFormat::driver);
  const gdal::DatasetHandle dataset(
      GDALOpenEx(memory.name(), GDAL_OF_RASTER | GDAL_OF_READONLY, drivers.data(), nullptr, nullptr));
  require(dataset && GDALGetRasterCount(dataset.get()) > 0, name, " is not an image that can be read (",
          complaints.failure().empty() ? text("it is none of ", image_format_names) : complaints.failure(), ").");
  Image image{GDALGetRasterYSize(dataset.get()), GDALGetRasterXSize(dataset.get()), {}};
  require(image.width * image.height <= most_pixels, name, " says that it has ", image.width, " x ", image.height,
          " pixels; at most ", most_pixels, " are read: cut it into smaller images.");
  try {
    ImageReading reading = image_reading(dataset.get(), file, name, options);
    complaints.heed_warnings();
    image.pixels.resize(std::size_t(image.width * image.height * 3));
    if (reading.bytes)
      read_rows(dataset.get(), reading, GDT_Byte, 0, int(image.height), image.pixels.data(), complaints);
    else
      read_scaled(dataset.get(), reading, image, complaints);
    if (reading.palette) apply_palette(reading.palette, image.pixels);
    require(complaints.failure().empty(), name, " is damaged or cut short (", complaints.failure(), ").");
    return turned(std::move(image), tiff_orientation(file));
  } catch (const std::bad_alloc&) {
    fail(name, " has ", image.width, " x ", image.height, " pixels, for which there is not enough memory.");
  }
}

Image read_image(const std::filesystem::path& path, const ImageOptions& options) {
  return decode_image(read_file(path), path.string(), options);
}

}  // namespace fedorbit
