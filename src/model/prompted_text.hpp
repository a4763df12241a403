// Class names behind a learned context, through a frozen text tower: what prompt learning differentiates (Zhou et al.
// 2022, "Learning to Prompt for Vision-Language Models", arXiv 2109.01134).
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "model/clip.hpp"
#include "model/engine.hpp"
#include "model/prompt_function.hpp"

namespace fedorbit {

/// The prompt of class c is [SOS] V_1 .. V_h [name of c] [.] [EOT]; V are free vectors in the place of embeddings,
/// positions are added to all, and the feature is read at [EOT].
class PromptedText {
 public:
  /// `class_names` as the data set has them (underscores and hyphens are spoken as spaces), `context_length` h from 0.
  /// Keeps the tower's tensors, in their type and on their device, without their gradients. Throws where a class's
  /// prompt is longer than the tower's context, and names the class.
  PromptedText(const Clip& clip, const std::vector<std::string>& class_names, std::int64_t context_length,
               const EngineOptions& engine = {});

  /// `context` (K, h, w) of K clients, any floating type -> (K, C, d) float32 features as the projection gives them;
  /// differentiable in `context`. All prompts of a client are one tree (model/prompt_trie.hpp): what they share is
  /// computed once, without padding; the first layer's products on what does not depend on the context are done
  /// beforehand, and the last layer computes only what [EOT] needs. Exact up to the order of sums. On a CPU both passes
  /// are written by hand (model/prompt_pass.hpp), equal contexts are computed once, and the last of them is remembered
  /// by all copies of this, which must outlive backward(). The reference engine takes encode_padded, client by client.
  Tensor encode(const Tensor& context) const;

  /// The same tree in LibTorch's operators, for any device.
  Tensor encode_tree(const Tensor& context) const;

  /// The same by the published recipe, each prompt on its own and padded to the tower's full context: the oracle of
  /// encode.
  Tensor encode_padded(const Tensor& context) const;

  std::int64_t classes() const { return ends_.size(0); }
  /// About what a context's way there and back takes of memory.
  double bytes() const;

 private:
  void check(const Tensor& context) const;

  ClipConfig config_;
  NamedTensors tensors_;  // text.*
  std::int64_t context_length_;
  bool reference_;
  std::shared_ptr<PromptFunction> by_hand_;  // on a CPU
  Tensor before_;                            // (1, w) the embedding of [SOS]
  Tensor branches_;     // (n - 1 - h, w) the embeddings of the nodes after the stem, with positions
  Tensor first_in_;     // (n - 1 - h, 3w) what the first layer's attention makes of them
  Tensor stem_;         // (1 + h, w) positions of the stem
  Tensor mask_;         // (n, n)
  Tensor ends_;         // (C) the nodes that are read
  Tensor padded_;       // (C, context - 1 - h) the tokens of name, full stop, [EOT] and padding
  Tensor padded_ends_;  // (C) where [EOT] stands in a padded prompt
};

}  // namespace fedorbit
