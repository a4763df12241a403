// All prompts of a client as one tree (model/prompts/prompt_trie.hpp), forward and back in LibTorch's operators: for
// any device.
#pragma once
#include <memory>
#include <vector>

#include "model/prompts/class_prompts.hpp"
#include "model/prompts/prompt_encoder.hpp"
#include "model/prompts/tree_steps.hpp"

namespace fedorbit {

/// What prompts share is computed once, without padding; the first layer's products on what does not depend on the
/// context are done beforehand, the last layer computes only what [EOT] needs, and contexts that are known to be equal
/// go forward once. Exact up to the order of sums. Residuals and norms are float32 whatever the products are.
class PromptTree final : public PromptEncoder {
 public:
  /// `tensors` text.*, without gradients, in the type of products and on their device.
  PromptTree(const NamedTensors& tensors, const ClipConfig& config, const ClassPrompts& prompts);
  Tensor encode(const Tensor& context, std::int64_t equal = 0) override;
  double bytes() const override;

 private:
  struct Linear {
    Tensor weight, bias;  // (out, in), (out)
  };
  struct Layer {
    Norm norm1, norm2;
    Linear in, out, inner, outer;
  };
  /// What the backward needs of U contexts.
  struct Activations {
    struct OfLayer {
      Normed norm1, norm2;  // of the first layer's branches nothing is needed: norm1 has the stem alone
      Tensor joined;        // (U, n, 3w) queries, keys, values
      Tensor weights;       // of attention, as the steps keep them
      Tensor slope;         // (U, Q, m) of the activation
    };
    std::vector<OfLayer> layers;
    Normed after;
  };
  struct Different;
  struct Node;
  struct Kept;

  /// `context` (U, h, w) float32 -> (U, C, d) float32.
  Tensor forward(const Tensor& context, Activations* activations) const;
  /// The gradient of (K, h, w), given that of (K, C, d): client k was given context sources[k] of `activations`, or,
  /// with undefined sources, context k.
  Tensor backward(const Tensor& dfeatures, const Activations& activations, const Tensor& sources) const;

  TowerConfig tower_;
  std::unique_ptr<TreeSteps> steps_;
  std::vector<Layer> layers_;
  Norm after_;
  Tensor projection_;  // (w, d)
  Tensor start_;       // (1, w) float32, the embedding of [SOS]
  Tensor branches_;    // (n - 1 - h, w) float32, the embeddings of the nodes after the stem, with positions
  Tensor first_in_;    // (n - 1 - h, 3w) what the first layer's attention makes of them
  Tensor stem_;        // (1 + h, w) float32, positions of the stem
  Asking all_, ends_;  // in the last layer only what is read asks
  Tensor from_ends_;   // (n, C) float32, 1 where the column's prompt ends in the row's node
};

}  // namespace fedorbit
