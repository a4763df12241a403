// Images from files: JPEG, PNG, TIFF and GeoTIFF of 8 or more bits and any number of bands, read through GDAL as RGB
// bytes.
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fedorbit {

/// RGB bytes in row order: pixels[(y * width + x) * 3 + channel].
struct Image {
  std::int64_t height = 0, width = 0;
  std::vector<std::uint8_t> pixels;  // (height, width, 3)
};

/// Sample values from `low` to `high` become 0 to 255; what lies outside is clipped.
struct SampleRange {
  double low, high;
};

/// How a file's samples become RGB bytes.
struct ImageOptions {
  /// Bands for red, green and blue, counted from 1: three of them, or one for all three. Empty: 1, 2, 3; the only
  /// band of a grey file, through its palette where it has one.
  std::vector<int> bands;
  /// Unset: bytes stay as they are, unsigned 16-bit samples map 0:65535; every other type needs a range.
  std::optional<SampleRange> range;
};

/// Decodes a file already in memory; `name` is what errors call it. Throws an Error for a file that is no image,
/// is cut short or damaged, lacks a band, or needs a range. Threads may decode at the same time.
Image decode_image(std::string_view file, const std::string& name, const ImageOptions& options = {});

/// Reads and decodes a file.
Image read_image(const std::filesystem::path& path, const ImageOptions& options = {});

/// Writes a PNG under a temporary name and renames it.
void write_png(const std::filesystem::path& path, const Image& image);

}  // namespace fedorbit
