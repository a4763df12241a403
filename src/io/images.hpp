// Images from files (io/image_formats.hpp lists the kinds) of any depth and number of bands, read through GDAL as RGB
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
  /// Bands for red, green and blue, counted from 1: three of them, or one for all three. Empty: those to which the file
  /// gives these roles; the only three, or the only one, through its palette where it has one. Alpha is left out.
  std::vector<int> bands;
  /// Unset: bytes stay as they are, samples of fewer bits and those of a PNG or PPM map their whole range; all others
  /// need a range.
  std::optional<SampleRange> range;
};

/// Decodes a file already in memory; `name` is what errors call it. A TIFF is turned as it says, a JPEG is not (as
/// Pillow loads them). Throws an Error for a file that is no image, is cut short or damaged, says that it is larger
/// than can be read, lacks a band, or does not say which bands or values are meant. Threads may decode at the same
/// time.
Image decode_image(std::string_view file, const std::string& name, const ImageOptions& options = {});

/// Reads and decodes a file.
Image read_image(const std::filesystem::path& path, const ImageOptions& options = {});

/// Writes a PNG under a temporary name and renames it.
void write_png(const std::filesystem::path& path, const Image& image);

}  // namespace fedorbit
