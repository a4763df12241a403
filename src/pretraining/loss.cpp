#include "pretraining/loss.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/matmul.h>

namespace fedorbit {

Tensor contrastive_loss(const Tensor& images, const Tensor& texts, const Tensor& match, const Tensor& scale,
                        double smoothing) {
  const Tensor logits = scale * at::matmul(images, texts.t());  // (B, T)
  const Tensor wanted = (1 - smoothing) * match / match.sum(1, true) + smoothing / double(texts.size(0));
  const Tensor to_text = -(wanted * at::log_softmax(logits, 1)).sum(1).mean();
  const Tensor to_image = -(match / match.sum(0) * at::log_softmax(logits, 0)).sum(0).mean();
  return 0.5 * (to_text + to_image);
}

}  // namespace fedorbit
