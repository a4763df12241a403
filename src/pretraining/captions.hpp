// The captions that a small CLIP learns from: templates around the names and synonyms of classes.
#pragma once
#include <string>
#include <vector>

#include "core/keys.hpp"
#include "data/dataset.hpp"
#include "model/tokenizer/tokenizer.hpp"
#include "pretraining/augment.hpp"

namespace fedorbit {

/// What a caption says: a class, and some of what is true of how the image is seen (pretraining/augment.hpp).
struct Said {
  std::int64_t label;
  std::uint32_t traits;
  auto operator<=>(const Said&) const = default;
};

class Captions {
 public:
  /// Makes the vocabulary, too. Throws for a template without {}, for one without {view} where views are described, and
  /// for a caption that does not fit `context_length` tokens.
  Captions(const CaptionOptions& options, const Dataset& dataset, std::int64_t context_length);

  const Tokenizer& tokenizer() const { return tokenizer_; }
  /// What is said of an image of class `label` of which `traits` are true: with probability captions.described one or
  /// two of them are said, else none.
  Said said(std::int64_t label, std::uint32_t traits, Stream stream) const;
  /// Each in a random template around the class's name or a random synonym: (said.size(), L) int64. What one is given
  /// depends on the step and itself alone.
  Tensor worded(const std::vector<Said>& said, const Keys& keys, std::uint64_t step) const;
  /// All templates around each of the names, without a word on views: (names, templates, L) int64.
  Tensor ensemble(const std::vector<std::string>& names) const;

 private:
  std::vector<std::string> templates_;
  std::vector<std::vector<std::string>> words_;  // (C) name and synonyms
  double described_;
  std::int64_t length_;
  Tokenizer tokenizer_;
};

}  // namespace fedorbit
