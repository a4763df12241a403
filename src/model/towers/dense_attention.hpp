// Attention in which every query sees every key, for the short sequences of a vision tower: scores, softmax and mixture
// of one head at a time, in a buffer that stays in the cache. CPU only.
#pragma once

#include "core/tensor.hpp"

namespace fedorbit {

/// mixed (N Q, w) half = softmax(queries keys^T / sqrt(w / heads)) values, sequence by sequence. queries (N Q, w), keys
/// and values (N L, w), all half, which is float32 or bfloat16; rows may be strided. Sums are float32. Columns are
/// heads one after another.
void attend_all(std::int64_t sequences, std::int64_t heads, const Tensor& queries, const Tensor& keys,
                const Tensor& values, Tensor& mixed);

}  // namespace fedorbit
