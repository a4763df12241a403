// The kinds of image files that are read, by the endings of their names.
#pragma once
#include <array>
#include <filesystem>
#include <string>
#include <string_view>

namespace fedorbit {

struct ImageFormat {
  const char* driver;        // GDAL's
  std::string_view endings;  // in small letters, separated by spaces
};

inline constexpr std::array<ImageFormat, 8> image_formats{{
    {"JPEG", ".jpg .jpeg .jpe .jfif"},
    {"PNG", ".png"},
    {"GTiff", ".tif .tiff"},
    {"BMP", ".bmp"},
    {"GIF", ".gif"},
    {"WEBP", ".webp"},
    {"PNM", ".ppm .pgm .pnm"},
    {"JP2OpenJPEG", ".jp2 .j2k .jpc"},
}};

/// What errors call them.
inline constexpr const char* image_format_names = "JPEG, PNG, TIFF, BMP, GIF, WebP, PPM or JPEG 2000";

/// The ending of a file's name in small letters; empty where it has none.
std::string ending_of(const std::filesystem::path& file);

/// Whether files with that ending are read.
bool is_image_ending(std::string_view ending);

}  // namespace fedorbit
