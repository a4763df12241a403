#include "model/prompted_text.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>

#include "core/error.hpp"
#include "model/joint_weight.hpp"
#include "model/prompt_function.hpp"
#include "model/prompt_trie.hpp"
#include "model/text_tower.hpp"

namespace fedorbit {

PromptedText::PromptedText(const Clip& clip, const std::vector<std::string>& class_names, std::int64_t context_length,
                           const EngineOptions& engine)
    : config_(clip.config), context_length_(context_length), reference_(engine.reference()) {
  require(!class_names.empty(), "prompts need at least one class.");
  require(context_length >= 0, "a context of ", context_length, " tokens cannot be.");
  for (const auto& [name, tensor] : clip.tensors)
    if (name.starts_with("text.")) tensors_[name] = tensor.detach();

  const std::int64_t limit = config_.text.context_length, room = limit - 1 - context_length;
  std::vector<std::vector<std::int64_t>> tails;
  std::vector<std::int64_t> ends;
  for (const std::string& name : class_names) {
    std::vector<std::int64_t> ids = clip.tokenizer.encode(spoken(name) + ".");
    ids.push_back(clip.tokenizer.end());
    const auto count = std::int64_t(ids.size());
    require(count <= room, "the prompt of class '", name, "' has ", 1 + context_length + count, " tokens (start, ",
            context_length, " learned, ", count - 1,
            " of its name and full stop, end), but the text tower takes at most ", limit, ".");
    ends.push_back(context_length + count);
    tails.push_back(std::move(ids));
  }
  const at::NoGradGuard frozen;
  const Tensor& table = tensor_of(tensors_, "text.tokens");
  const Tensor& positions = tensor_of(tensors_, "text.positions");
  const auto device = table.device();
  before_ = embed_tokens(tensors_, at::tensor({clip.tokenizer.start()}, at::kLong).to(device));

  const PromptTrie trie(clip.tokenizer.start(), context_length, tails);
  const Tensor placed = at::embedding(positions, trie.positions().to(device));  // (n, w)
  stem_ = placed.narrow(0, 0, trie.stem());
  branches_ =
      embed_tokens(tensors_, trie.tokens().to(device)) + placed.narrow(0, trie.stem(), trie.size() - trie.stem());
  first_in_ =
      joint_linear(tensors_, "text.layers.0.attention.in", layer_norm(tensors_, "text.layers.0.norm1", branches_));
  if (device.is_cpu() && !reference_)
    by_hand_ = std::make_shared<PromptFunction>(PromptPass(tensors_, config_, trie, clip.tokenizer.start()));
  mask_ = trie.mask().to(table.options());
  ends_ = trie.ends().to(device);

  Tensor tokens = at::zeros({classes(), room}, at::kLong);
  for (std::size_t c = 0; c < tails.size(); ++c)
    std::ranges::copy(tails[c], tokens[std::int64_t(c)].mutable_data_ptr<std::int64_t>());
  padded_ = tokens.to(device);
  padded_ends_ = at::tensor(ends, at::kLong).to(device);
}

void PromptedText::check(const Tensor& context) const {
  require(context.dim() == 3 && context.size(1) == context_length_ && context.size(2) == config_.text.width,
          "the context of prompts is (clients, ", context_length_, ", ", config_.text.width, "), not ", context.sizes(),
          ".");
}

Tensor PromptedText::encode(const Tensor& context) const {
  check(context);
  if (reference_) {
    std::vector<Tensor> features;
    for (std::int64_t k = 0; k < context.size(0); ++k) features.push_back(encode_padded(context.narrow(0, k, 1)));
    return at::cat(features);
  }
  return by_hand_ ? (*by_hand_)(context) : encode_tree(context);
}

Tensor PromptedText::encode_tree(const Tensor& context) const {
  check(context);
  const std::int64_t K = context.size(0), w = config_.text.width, heads = config_.text.heads;
  const double scale = 1 / std::sqrt(double(w / heads));
  const Tensor stem = at::cat({before_.expand({K, 1, w}), context.to(before_.options())}, 1) + stem_;  // (K, 1 + h, w)
  Tensor x = at::cat({stem, branches_.expand({K, branches_.size(0), w})}, 1);                          // (K, n, w)
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

double PromptedText::bytes() const {
  const double rows = reference_ ? double(classes() * config_.text.context_length) : double(mask_.size(0));
  const double w = double(config_.text.width), m = double(config_.text.mlp_width);
  const double size = double(before_.element_size());
  // Of each layer: two residuals in float32, queries, keys and values, and what the MLP's activation reads; what lives
  // for one layer only comes on top.
  const double kept = rows * (2 * w * sizeof(float) + (3 * w + m) * size);
  return double(config_.text.layers) * kept + rows * (2 * m + 6 * w) * sizeof(float);
}

Tensor PromptedText::encode_padded(const Tensor& context) const {
  check(context);
  const std::int64_t K = context.size(0), C = classes(), w = config_.text.width, limit = config_.text.context_length;
  const Tensor learned = context.to(before_.options()).unsqueeze(1);  // (K, 1, h, w)
  const Tensor embedded = at::cat({before_.expand({K, C, 1, w}), learned.expand({K, C, context_length_, w}),
                                   embed_tokens(tensors_, padded_).expand({K, C, padded_.size(1), w})},
                                  2);  // (K, C, L, w)
  const Tensor placed = embedded + tensor_of(tensors_, "text.positions");
  const Tensor features = encode_embedded(tensors_, config_, placed.view({K * C, limit, w}), padded_ends_.repeat({K}));
  return features.view({K, C, features.size(1)});
}

}  // namespace fedorbit
