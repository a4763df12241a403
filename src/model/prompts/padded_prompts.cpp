#include "model/prompts/padded_prompts.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>

#include <algorithm>

#include "model/towers/text_tower.hpp"

namespace fedorbit {

PaddedPrompts::PaddedPrompts(const NamedTensors& tensors, const ClipConfig& config, const ClassPrompts& prompts)
    : tensors_(tensors), config_(config) {
  const at::NoGradGuard frozen;
  const auto device = tensor_of(tensors, "text.tokens").device();
  start_ = embed_tokens(tensors, at::tensor({prompts.start}, at::kLong).to(device));
  Tensor tokens = at::zeros({prompts.classes(), config.text.context_length - 1 - prompts.context_length}, at::kLong);
  std::vector<std::int64_t> ends;
  for (std::size_t c = 0; c < prompts.tails.size(); ++c) {
    std::ranges::copy(prompts.tails[c], tokens[std::int64_t(c)].mutable_data_ptr<std::int64_t>());
    ends.push_back(prompts.end(c));
  }
  tails_ = embed_tokens(tensors, tokens.to(device));
  ends_ = at::tensor(ends, at::kLong).to(device);
}

Tensor PaddedPrompts::encode(const Tensor& context, std::int64_t) {
  const std::int64_t C = ends_.size(0), h = context.size(1), w = config_.text.width;
  std::vector<Tensor> features;
  for (std::int64_t k = 0; k < context.size(0); ++k) {
    const Tensor learned = context.narrow(0, k, 1).to(start_.options());  // (1, h, w)
    const Tensor embedded = at::cat({start_.expand({C, 1, w}), learned.expand({C, h, w}), tails_}, 1);
    const Tensor placed = embedded + tensor_of(tensors_, "text.positions");  // (C, L, w)
    features.push_back(encode_embedded(tensors_, config_, placed, ends_));
  }
  return at::stack(features);
}

double PaddedPrompts::bytes() const {
  // The graph of LibTorch's operators keeps what each of them read.
  const TowerConfig& tower = config_.text;
  const double w = double(tower.width), m = double(tower.mlp_width), length = double(config_.text.context_length);
  const double row = 5 * w + 2 * m + double(tower.heads) * length;
  return double(start_.element_size()) * double(tower.layers) * double(ends_.size(0)) * length * row;
}

}  // namespace fedorbit
