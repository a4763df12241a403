#include "model/prompt_tree.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/tensor.h>
#include <c10/core/GradMode.h>

#include <cmath>

#include "core/error.hpp"
#include "model/joint_weight.hpp"
#include "model/text_tower.hpp"

namespace fedorbit {

PromptTree::PromptTree(const NamedTensors& tensors, const ClipConfig& config, const ClassPrompts& prompts)
    : tensors_(tensors), config_(config) {
  const at::NoGradGuard frozen;
  const Tensor& table = tensor_of(tensors, "text.tokens");
  const auto device = table.device();
  start_ = embed_tokens(tensors, at::tensor({prompts.start}, at::kLong).to(device));
  const PromptTrie trie = prompts.trie();
  const Tensor placed = at::embedding(tensor_of(tensors, "text.positions"), trie.positions().to(device));  // (n, w)
  stem_ = placed.narrow(0, 0, trie.stem());
  branches_ =
      embed_tokens(tensors, trie.tokens().to(device)) + placed.narrow(0, trie.stem(), trie.size() - trie.stem());
  first_in_ =
      joint_linear(tensors, "text.layers.0.attention.in", layer_norm(tensors, "text.layers.0.norm1", branches_));
  mask_ = trie.mask().to(table.options());
  ends_ = trie.ends().to(device);
}

Tensor PromptTree::encode(const Tensor& context) {
  const std::int64_t K = context.size(0), w = config_.text.width, heads = config_.text.heads;
  const double scale = 1 / std::sqrt(double(w / heads));
  const Tensor stem = at::cat({start_.expand({K, 1, w}), context.to(start_.options())}, 1) + stem_;  // (K, 1 + h, w)
  Tensor x = at::cat({stem, branches_.expand({K, branches_.size(0), w})}, 1);                        // (K, n, w)
  const auto by_head = [&](const Tensor& rows) {  // (K, rows, w) -> (K, heads, rows, w / heads)
    return rows.view({K, rows.size(1), heads, w / heads}).transpose(1, 2);
  };
  for (std::int64_t i = 0; i < config_.text.layers; ++i) {
    const std::string layer = text("text.layers.", i);
    const bool last = i + 1 == config_.text.layers;
    const std::string in = layer + ".attention.in", norm = layer + ".norm1";
    const Tensor joined =  // (K, n, 3w): queries, keys, values
        i == 0 ? at::cat({joint_linear(tensors_, in, layer_norm(tensors_, norm, stem)),
                          first_in_.expand({K, first_in_.size(0), 3 * w})},
                         1)
               : joint_linear(tensors_, in, layer_norm(tensors_, norm, x));
    const auto part = [&](std::int64_t which) { return joined.narrow(2, which * w, w); };
    Tensor queries = part(0), mask = mask_;
    if (last) {  // only the end of each prompt is read
      queries = queries.index_select(1, ends_);
      mask = mask.index_select(0, ends_);
      x = x.index_select(1, ends_);
    }
    const Tensor scores = at::matmul(by_head(queries), by_head(part(1)).transpose(2, 3)) * scale + mask;
    const Tensor mixed = at::matmul(at::softmax(scores, -1), by_head(part(2))).transpose(1, 2).reshape(x.sizes());
    x = x + linear(tensors_, layer + ".attention.out", mixed);
    x = x + mlp(tensors_, layer + ".mlp", config_.activation, layer_norm(tensors_, layer + ".norm2", x));
  }
  return project_text(tensors_, x);
}

double PromptTree::bytes() const {
  const double nodes = double(mask_.size(0));
  return bytes_by_operators(config_.text, nodes, nodes, double(mask_.element_size()));
}

}  // namespace fedorbit
