// Which rows of a client an attention looks at.
#pragma once
#include <cstdint>
#include <vector>

namespace fedorbit {

/// What each of Q queries sees among the n rows of one client, and which queries see a row.
struct Sight {
  /// seen[q] lists rows, -1 for the root, whose key and value are the same for everyone.
  Sight(std::int64_t rows, const std::vector<std::vector<std::int32_t>>& seen);
  std::int64_t queries() const { return std::int64_t(start.size()) - 1; }

  std::vector<std::int32_t> row;    // what queries see, all lists one after another
  std::vector<std::int32_t> start;  // (Q + 1)
  std::int64_t longest = 0;         // of these lists
  struct Seer {
    std::int32_t query, place;  // in the query's list
  };
  std::vector<Seer> seer;                // of each row
  std::vector<std::int32_t> seer_start;  // (n + 1)
};

}  // namespace fedorbit
