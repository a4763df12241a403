// The prompts of a data set's classes as tokens: what is the same for every way of encoding them.
#pragma once
#include <string>
#include <vector>

#include "model/clip.hpp"
#include "model/prompts/prompt_trie.hpp"

namespace fedorbit {

/// The prompt of class c is [SOS] V_1 .. V_h [name of c] [.] [EOT]; V are free vectors in the place of embeddings,
/// positions are added to all, and the feature is read at [EOT].
struct ClassPrompts {
  /// `class_names` as the data set has them (underscores and hyphens are spoken as spaces), h = `context_length` from
  /// 0. Throws where a class's prompt is longer than the tower's context, and names the class.
  ClassPrompts(const Clip& clip, const std::vector<std::string>& class_names, std::int64_t context_length);

  std::int64_t classes() const { return std::int64_t(tails.size()); }
  /// Where [EOT] stands in the prompt of class c.
  std::int64_t end(std::size_t c) const { return context_length + std::int64_t(tails[c].size()); }
  PromptTrie trie() const { return {start, context_length, tails}; }

  std::int64_t start;  // the id of [SOS]
  std::int64_t context_length;
  std::vector<std::vector<std::int64_t>> tails;  // the ids of each name, full stop and [EOT]
};

}  // namespace fedorbit
