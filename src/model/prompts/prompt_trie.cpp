#include "model/prompts/prompt_trie.hpp"

#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <limits>
#include <map>

namespace fedorbit {

PromptTrie::PromptTrie(std::int64_t start, std::int64_t context_length,
                       std::span<const std::vector<std::int64_t>> tails)
    : stem_(1 + context_length) {
  for (std::int64_t i = 0; i < stem_; ++i) {
    token_.push_back(start);
    parent_.push_back(i - 1);
    depth_.push_back(i);
  }
  std::map<std::pair<std::int64_t, std::int64_t>, std::int64_t> child;  // (node, id) -> node
  for (const auto& tail : tails) {
    std::int64_t node = stem_ - 1;
    for (const std::int64_t id : tail) {
      const auto [known, fresh] = child.try_emplace({node, id}, size());
      if (fresh) {
        token_.push_back(id);
        parent_.push_back(node);
        depth_.push_back(depth_[std::size_t(node)] + 1);
      }
      node = known->second;
    }
    ends_.push_back(node);
  }
}

Tensor PromptTrie::tokens() const {
  return at::tensor(std::vector<std::int64_t>(token_.begin() + stem_, token_.end()), at::kLong);
}

Tensor PromptTrie::positions() const { return at::tensor(depth_, at::kLong); }

Tensor PromptTrie::ends() const { return at::tensor(ends_, at::kLong); }

std::vector<std::int64_t> PromptTrie::path(std::int64_t node) const {
  std::vector<std::int64_t> out;
  for (; node >= 0; node = parent_[std::size_t(node)]) out.push_back(node);
  std::ranges::reverse(out);
  return out;
}

Tensor PromptTrie::mask() const {
  Tensor mask = at::full({size(), size()}, -std::numeric_limits<float>::infinity(), at::kFloat);
  float* scores = mask.mutable_data_ptr<float>();
  for (std::int64_t row = 0; row < size(); ++row)
    for (const std::int64_t node : path(row)) scores[row * size() + node] = 0;
  return mask;
}

}  // namespace fedorbit
