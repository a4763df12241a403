// Multiplications and additions in products of matrices, counted from shapes: what a step cannot or need not do
// without.
#pragma once
#include "bench/clip.hpp"
#include "model/prompts/prompt_trie.hpp"

namespace fedorbit::bench {

/// A tower of plain transformer blocks over `sequences` of `tokens`, forward; attention included.
inline double tower_flops(const TowerConfig& tower, double sequences, double tokens) {
  const double w = double(tower.width), m = double(tower.mlp_width);
  return 2 * double(tower.layers) * sequences * tokens * (4 * w * w + 2 * w * m + 2 * tokens * w);
}

/// What a prompt's forward and backward cannot do without: products with frozen weights, of what depends on the
/// context.
inline double needed_flops(const Clip& clip, std::int64_t context) {
  const auto all = tails(clip);
  const PromptTrie trie(clip.tokenizer.start(), context, all);
  const double n = double(trie.size() - 1), h = double(context), C = double(all.size()), w = 512, m = 2048, d = 512;
  const double first = h * 3 * w * w + n * w * w + n * 2 * w * m, middle = n * (4 * w * w + 2 * w * m),
               last = n * 2 * w * w + C * (2 * w * w + 2 * w * m), projection = C * w * d;
  return 2 * 2 * (first + 10 * middle + last + projection);  // forward, and as much backward
}

}  // namespace fedorbit::bench
