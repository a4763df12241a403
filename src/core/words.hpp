// How numbers and lists are written for people, the same wherever they are shown (analysis/words.py is the
// counterpart).
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fedorbit {

std::string fixed(double value, int decimals);
/// A share of one as "52.8 %". Halves go up, also where sums in another order left the half a hair too small: so that
/// a score reads the same on the terminal, in tables and in pictures.
std::string percent(double share);
std::string percent(std::int64_t correct, std::int64_t total);
/// "1 class", "2 classes", "0 rounds".
std::string counted(std::int64_t count, std::string_view noun);
/// 1536 as "1.5 KiB".
std::string human_bytes(std::int64_t bytes);
/// 75 as "1 min 15 s"; below a minute with one decimal.
std::string human_seconds(double seconds);
/// What a list separated by semicolons holds, without the blanks around each; nothing of what is blank.
std::vector<std::string> listed(std::string_view list);

}  // namespace fedorbit
