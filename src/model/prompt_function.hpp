// A prompt pass as one node of LibTorch's graph.
#pragma once
#include <memory>

#include "model/prompt_pass.hpp"

namespace fedorbit {

/// `context` (K, h, w) -> (K, C, d), differentiable. Clients whose contexts are equal to the bit, as all are in the
/// first step of a round, share one forward pass.
Tensor encode_by_hand(const std::shared_ptr<const PromptPass>& pass, const Tensor& context);

}  // namespace fedorbit
