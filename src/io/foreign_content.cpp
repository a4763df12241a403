#include "io/foreign_content.hpp"

#include <algorithm>
#include <cctype>
#include <string>

namespace fedorbit {

std::string_view foreign_content(std::string_view first_bytes) {
  if (first_bytes.starts_with("version https://git-lfs"))
    return "is only Git LFS's pointer to the content; fetch the file itself with `git lfs pull`.";
  const auto begin = std::ranges::find_if(first_bytes, [](unsigned char c) { return !std::isspace(c); });
  std::string words(begin, begin + std::min<std::ptrdiff_t>(first_bytes.end() - begin, 15));
  std::ranges::transform(words, words.begin(), [](unsigned char c) { return char(std::tolower(c)); });
  if (words.starts_with("<!doctype html") || words.starts_with("<html"))
    return "is a web page, not the file that was to be fetched: open it in a browser to see what the server said, and "
           "fetch the file anew.";
  for (const std::string_view said : {"Entry not found", "Repository not found", "Invalid username or password"})
    if (first_bytes.starts_with(said))
      return "holds a server's answer that it has no such file, or not for you: check the address, and fetch it anew.";
  return {};
}

}  // namespace fedorbit
