// Prompt alignment: the metric-learning constraint of FedRSCLIP (arXiv 2501.02461) between private and shared prompts.
#pragma once
#include "core/tensor.hpp"

namespace fedorbit {

/// Contrastive, both directions over the C rows: with S = scale * cos(private_c, shared_c'),
/// 1/2C sum_c [ -log softmax(S)_cc - log softmax(S^T)_cc ]. Unit rows (K, C, d) both -> (K).
Tensor contrastive_alignment(const Tensor& personal, const Tensor& shared, double scale);

/// scale * mean_c (1 - cos(private_c, shared_c)). Unit rows (K, C, d) both -> (K).
Tensor cosine_alignment(const Tensor& personal, const Tensor& shared, double scale);

}  // namespace fedorbit
