#include "model/prompts/sight.hpp"

#include <algorithm>
#include <numeric>

namespace fedorbit {

Sight::Sight(std::int64_t rows, const std::vector<std::vector<std::int32_t>>& seen)
    : start{0}, seer_start(std::size_t(rows) + 1, 0) {
  for (const auto& list : seen) {
    row.insert(row.end(), list.begin(), list.end());
    start.push_back(std::int32_t(row.size()));
    longest = std::max(longest, std::int64_t(list.size()));
  }
  for (const std::int32_t r : row)
    if (r >= 0) ++seer_start[std::size_t(r) + 1];
  std::partial_sum(seer_start.begin(), seer_start.end(), seer_start.begin());
  seer.resize(std::size_t(seer_start.back()));
  std::vector<std::int32_t> next = seer_start;
  for (std::size_t q = 0; q < seen.size(); ++q)
    for (std::size_t place = 0; place < seen[q].size(); ++place)
      if (const std::int32_t r = seen[q][place]; r >= 0)
        seer[std::size_t(next[std::size_t(r)]++)] = {std::int32_t(q), std::int32_t(place)};
}

}  // namespace fedorbit
