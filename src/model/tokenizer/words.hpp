// How CLIP cuts text into words before it encodes them.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace fedorbit {

/// Runs of letters, single digits, runs of other signs, English contractions; white space falls out. `text` is UTF-8.
/// The views are into `text`.
std::vector<std::string_view> split_words(std::string_view text);

}  // namespace fedorbit
