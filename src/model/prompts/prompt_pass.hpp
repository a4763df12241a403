// The forward and the backward pass of prompts through a frozen text tower, written out by hand for the CPU: without a
// graph, without the gradient of a weight, and with one pass over memory between two products.
#pragma once
#include <memory>
#include <vector>

#include "model/prompts/class_prompts.hpp"
#include "model/prompts/prompt_weights.hpp"
#include "model/prompts/tree_attention.hpp"

namespace fedorbit {

/// What a forward pass leaves for its backward. Rows are those of all clients' trees one after another, the root left
/// out: [SOS] sees only itself, so it is the same for everyone, always.
struct PromptActivations {
  struct Layer {
    Tensor before, middle;                        // (R, w) float32: the residual before each half of the layer
    Tensor before_statistics, middle_statistics;  // (R, 2) float32: of their norms
    Tensor projected, queries;                    // (R, 3w): queries, keys, values; in the last layer (R, 2w) and apart
    Tensor weights;                               // of the attention
    Tensor slope;                                 // (R, m) of the MLP's activation
  };
  std::vector<Layer> layers;
  Tensor after, after_statistics;  // (K C, w) float32: what the final norm reads, (K C, 2)
};

class PromptPass {
 public:
  /// `tensors` text.*, those that `weights` were made of; they are not kept.
  PromptPass(std::shared_ptr<const PromptWeights> weights, const NamedTensors& tensors, const ClassPrompts& prompts);

  /// `context` (K, h, w) float32 -> (K, C, d) float32. Fills `activations` for the backward; null where none will come.
  Tensor forward(const Tensor& context, PromptActivations* activations) const;
  /// The gradient of the context (K, h, w), given that of the features (K, C, d): client k was given the context of
  /// client sources[k] of `activations`.
  Tensor backward(const Tensor& dfeatures, const PromptActivations& activations,
                  std::span<const std::int64_t> sources) const;

  /// About what a context's way there and back takes of memory.
  double bytes() const;

 private:
  PromptPass(std::shared_ptr<const PromptWeights> weights, const NamedTensors& tensors, const PromptTrie& trie);
  using Weights = PromptWeights::Layer;
  /// Room for products' results, in the type of the arithmetic.
  Tensor room(std::int64_t rows, std::int64_t columns) const;
  /// Rows (clients n, columns) at the end of each prompt: (clients C, columns).
  Tensor read(const Tensor& x, std::int64_t clients) const;
  AttentionInput input(const PromptActivations::Layer& kept, const Weights& layer) const;
  const Sight& sight(std::size_t layer) const { return layer + 1 == weights_->layers.size() ? at_ends_ : whole_; }
  /// The activation of inner + bias; `inner` is lost, or its derivative there, which is all that a backward needs.
  Tensor activate(Tensor& inner, const Tensor& bias, bool with_slope) const;

  std::shared_ptr<const PromptWeights> weights_;
  std::int64_t stem_, rows_, classes_;
  Tensor positions_;    // (h, w) float32, of the context
  Tensor branches_;     // (n - h, w) float32, embeddings with positions
  Tensor branches_in_;  // (n - h, 3w) what the first layer's attention makes of them, bias included
  Tensor ends_;         // (C) int64, rows that are read
  Sight whole_, at_ends_;
};

}  // namespace fedorbit
