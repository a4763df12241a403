#include "model/prompts/prompt_trie.hpp"

#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

namespace fedorbit {
namespace {

TEST(PromptTrie, has_one_node_for_what_prompts_share) {
  // start, two learned; then 5 6 9, 5 7 9, 8 9: the two fives are one node, the ends are not.
  const std::vector<std::vector<std::int64_t>> tails{{5, 6, 9}, {5, 7, 9}, {8, 9}};
  const PromptTrie trie(1, 2, tails);
  EXPECT_EQ(trie.stem(), 3);
  EXPECT_EQ(trie.size(), 3 + 3 + 2 + 2);
  const Tensor ends = trie.ends(), positions = trie.positions(), tokens = trie.tokens();
  for (int c = 0; c < 3; ++c) {
    const auto end = ends[c].item<std::int64_t>();
    EXPECT_EQ(tokens[end - trie.stem()].item<std::int64_t>(), 9);
    EXPECT_EQ(positions[end].item<std::int64_t>(), 2 + std::int64_t(tails[c].size()));
  }
  EXPECT_NE(ends[0].item<std::int64_t>(), ends[1].item<std::int64_t>());
}

TEST(PromptTrie, attends_to_ancestors_and_to_nobody_else) {
  const std::vector<std::vector<std::int64_t>> tails{{5, 6}, {5, 7}};
  const PromptTrie trie(1, 1, tails);
  const Tensor seen = trie.mask() == 0;
  // Nodes: start, learned, 5, 6, 7.
  const std::vector<std::vector<int>> expected{
      {1, 0, 0, 0, 0}, {1, 1, 0, 0, 0}, {1, 1, 1, 0, 0}, {1, 1, 1, 1, 0}, {1, 1, 1, 0, 1}};
  for (int row = 0; row < 5; ++row)
    for (int column = 0; column < 5; ++column)
      EXPECT_EQ(seen[row][column].item<bool>(), expected[row][column] == 1) << row << ' ' << column;
}

}  // namespace
}  // namespace fedorbit
