// CLIP's text tower: a causal transformer that is read at the end-of-text token.
#pragma once
#include "model/towers/tower.hpp"

namespace fedorbit {

/// The tensors text.* of a CLIP, without their gradients.
NamedTensors frozen_text(const NamedTensors& tensors);

/// `tokens` (N, L) int64, L at most the context length, each row [SOS] ... [EOT] and padding; the feature is read at
/// the row's first highest id, which is [EOT]. Returns (N, d) float32, not normalised. What stands after the last
/// [EOT] is not computed: the mask is causal, so it cannot matter.
Tensor encode_tokens(const NamedTensors& tensors, const ClipConfig& config, const Tensor& tokens);

/// The inner half: `embedded` (N, L, w) are token embeddings with positions added, `ends` (N) int64 the index of each
/// row's [EOT]. Returns (N, d) float32.
Tensor encode_embedded(const NamedTensors& tensors, const ClipConfig& config, const Tensor& embedded,
                       const Tensor& ends);

/// The final norm and projection of what was read: (..., w) -> (..., d) float32.
Tensor project_text(const NamedTensors& tensors, const Tensor& read);

/// Rows of the embedding table, in its type: `tokens` of any shape (...) -> (..., w).
Tensor embed_tokens(const NamedTensors& tensors, const Tensor& tokens);

}  // namespace fedorbit
