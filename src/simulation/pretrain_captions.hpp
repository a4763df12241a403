// The captions that a small CLIP learns from: templates around the names and synonyms of classes.
#pragma once
#include <string>
#include <vector>

#include "core/keys.hpp"
#include "data/dataset.hpp"
#include "model/tokenizer.hpp"
#include "simulation/pretrain_options.hpp"

namespace fedorbit {

class Captions {
 public:
  /// Makes the vocabulary, too. Throws for a template without {}, and for a caption that does not fit
  /// `context_length` tokens.
  Captions(const CaptionOptions& options, const Dataset& dataset, std::int64_t context_length);

  const Tokenizer& tokenizer() const { return tokenizer_; }
  /// A random template around the name or a random synonym of each class: (classes.size(), L) int64. What a class is
  /// given depends on the step and the class alone.
  Tensor drawn(const std::vector<std::int64_t>& classes, const Keys& keys, std::uint64_t step) const;
  /// All templates around each of the names: (names, templates, L) int64.
  Tensor ensemble(const std::vector<std::string>& names) const;

 private:
  std::vector<std::string> templates_;
  std::vector<std::vector<std::string>> words_;  // (C) name and synonyms
  std::int64_t length_;
  Tokenizer tokenizer_;
};

}  // namespace fedorbit
