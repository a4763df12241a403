#include "io/image_formats.hpp"

#include <algorithm>
#include <cctype>

namespace fedorbit {

std::string ending_of(const std::filesystem::path& file) {
  std::string ending = file.extension().string();
  std::ranges::transform(ending, ending.begin(), [](unsigned char c) { return char(std::tolower(c)); });
  return ending;
}

bool is_image_ending(std::string_view ending) {
  if (ending.empty()) return false;
  return std::ranges::any_of(image_formats, [&](const ImageFormat& format) {
    for (std::size_t at = 0; (at = format.endings.find(ending, at)) != std::string_view::npos; ++at) {
      const std::size_t end = at + ending.size();
      if (end == format.endings.size() || format.endings[end] == ' ') return true;
    }
    return false;
  });
}

}  // namespace fedorbit
