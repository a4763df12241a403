// Class names behind a learned context, through a frozen text tower: what prompt learning differentiates (Zhou et al.
// 2022, "Learning to Prompt for Vision-Language Models", arXiv 2109.01134).
#pragma once
#include <string>
#include <vector>

#include "model/clip.hpp"

namespace fedorbit {

/// The prompt of class c is [SOS] V_1 .. V_h [name of c] [.] [EOT]; V are free vectors in the place of embeddings,
/// positions are added to all, and the feature is read at [EOT].
class PromptedText {
 public:
  /// `class_names` as the data set has them (underscores and hyphens are spoken as spaces), `context_length` h from 0.
  /// Keeps the tower's tensors, in their type and on their device, without their gradients. Throws where a class's
  /// prompt is longer than the tower's context, and names the class.
  PromptedText(const Clip& clip, const std::vector<std::string>& class_names, std::int64_t context_length);

  /// `context` (K, h, w) of K clients, any floating type -> (K, C, d) float32 features as the projection gives them;
  /// differentiable in `context`. Tokens after the longest prompt's end are not computed.
  Tensor encode(const Tensor& context) const;

  /// The same by the published recipe, which computes the padding up to the tower's full context: the oracle of
  /// encode.
  Tensor encode_padded(const Tensor& context) const;

  std::int64_t classes() const { return ends_.size(0); }
  std::int64_t context_length() const { return context_length_; }
  /// Positions that encode computes for a class: the longest prompt.
  std::int64_t length() const { return length_; }

 private:
  Tensor encode_up_to(std::int64_t length, const Tensor& context) const;

  ClipConfig config_;
  NamedTensors tensors_;  // text.*
  std::int64_t context_length_, length_ = 0;
  Tensor before_;  // (1, w) the embedding of [SOS]
  Tensor after_;   // (C, context - 1 - h, w) the embeddings of name, full stop, [EOT] and padding
  Tensor ends_;    // (C) where [EOT] stands
};

}  // namespace fedorbit
