// The prompts of all classes as one tree: what prompts have in common from the left (the start, the learned context,
// equal first words) is one node each, so a causal tower computes it once.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "core/tensor.hpp"

namespace fedorbit {

/// Nodes are numbered from the root; a node's parent has a smaller number. Nodes 0 to `stem` - 1 are the start and the
/// learned context, a chain. A position attends to itself and to its ancestors, which is causal attention in each
/// prompt.
class PromptTrie {
 public:
  /// `start` is the id of [SOS]; prompt c goes on with tails[c], the ids of its name, full stop and [EOT].
  PromptTrie(std::int64_t start, std::int64_t context_length, std::span<const std::vector<std::int64_t>> tails);

  std::int64_t size() const { return std::int64_t(parent_.size()); }
  std::int64_t stem() const { return stem_; }
  /// Ids of the nodes after the stem: (size - stem) int64.
  Tensor tokens() const;
  /// Where each node stands in its prompts: (size) int64.
  Tensor positions() const;
  /// The last node of each prompt: (C) int64.
  Tensor ends() const;
  /// What a node attends to, from the root down to itself.
  std::vector<std::int64_t> path(std::int64_t node) const;
  /// (size, size) float32 to add to scores: 0 where the row's node attends to the column's, else minus infinity.
  Tensor mask() const;

 private:
  std::int64_t stem_;
  std::vector<std::int64_t> token_, parent_, depth_, ends_;
};

}  // namespace fedorbit
