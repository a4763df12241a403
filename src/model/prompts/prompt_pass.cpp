#include "model/prompts/prompt_pass.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/gelu_backward.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>

#include <numeric>

#include "core/error.hpp"
#include "model/towers/row_kernels.hpp"
#include "model/towers/text_tower.hpp"

namespace fedorbit {
namespace {

/// What nodes attend to among the rows of a client, which are the nodes without the root.
Sight sight_of(const PromptTrie& trie, std::span<const std::int64_t> nodes) {
  std::vector<std::vector<std::int32_t>> seen;
  for (const std::int64_t node : nodes) {
    seen.emplace_back();
    for (const std::int64_t other : trie.path(node)) seen.back().push_back(std::int32_t(other) - 1);
  }
  return {trie.size() - 1, seen};
}

Sight sight_of_all(const PromptTrie& trie) {
  std::vector<std::int64_t> nodes(std::size_t(trie.size()) - 1);
  std::iota(nodes.begin(), nodes.end(), 1);
  return sight_of(trie, nodes);
}

Sight sight_of_ends(const PromptTrie& trie) {
  const Tensor ends = trie.ends();
  return sight_of(trie, {ends.const_data_ptr<std::int64_t>(), std::size_t(ends.numel())});
}

Tensor floats(std::int64_t rows, std::int64_t columns) { return at::empty({rows, columns}, at::kFloat); }

/// dx as products want it: itself in float32, else room for a rounded copy.
class Rounded {
 public:
  Rounded(const Tensor& dx, c10::ScalarType type) : dx_(dx), own_(type != at::kFloat) {
    if (own_) copy_ = at::empty(dx.sizes(), type);
  }
  Tensor& room() { return copy_; }
  const Tensor& value() const { return own_ ? copy_ : dx_; }

 private:
  Tensor dx_, copy_;
  bool own_;
};

}  // namespace

PromptPass::PromptPass(std::shared_ptr<const PromptWeights> weights, const NamedTensors& tensors,
                       const ClassPrompts& prompts)
    : PromptPass(std::move(weights), tensors, prompts.trie()) {}

PromptPass::PromptPass(std::shared_ptr<const PromptWeights> weights, const NamedTensors& tensors,
                       const PromptTrie& trie)
    : weights_(std::move(weights)),
      stem_(trie.stem() - 1),
      rows_(trie.size() - 1),
      classes_(trie.ends().numel()),
      ends_(trie.ends() - 1),
      whole_(sight_of_all(trie)),
      at_ends_(sight_of_ends(trie)) {
  const at::NoGradGuard frozen;
  const Weights& first = weights_->layers[0];
  const Tensor placed = tensor_of(tensors, "text.positions").index_select(0, trie.positions());  // (1 + n, w)
  positions_ = placed.narrow(0, 1, stem_).to(at::kFloat);
  branches_ =
      embed_tokens(tensors, trie.tokens()).to(at::kFloat) + placed.narrow(0, 1 + stem_, rows_ - stem_).to(at::kFloat);
  Tensor none, normed = room(rows_ - stem_, weights_->tower.width), statistics = floats(rows_ - stem_, 2);
  rows::add_and_norm(branches_, none, none, first.norm1.weight, first.norm1.bias, branches_, statistics, normed);
  branches_in_ = first.in.times(normed);
  rows::add_bias(branches_in_, first.in_bias);
}

Tensor PromptPass::room(std::int64_t rows, std::int64_t columns) const {
  return at::empty({rows, columns}, weights_->type());
}

double PromptPass::bytes() const {
  const double rows = double(rows_), w = double(weights_->tower.width), m = double(weights_->tower.mlp_width);
  const double weights = double(std::lcm(weights_->tower.heads, std::int64_t(16))) * double(whole_.longest);
  // Of each layer: two residuals and the weights of attention in float32, queries, keys and values, and the slope of
  // the MLP's activation; what lives for one layer only comes on top.
  const double kept =
      rows * ((2 * w + weights) * sizeof(float) + (3 * w + m) * double(c10::elementSize(weights_->type())));
  return double(weights_->layers.size()) * kept + rows * (2 * m + 6 * w) * sizeof(float);
}

Tensor PromptPass::activate(Tensor& inner, const Tensor& bias, bool with_slope) const {
  Tensor active = at::empty_like(inner), none;
  if (weights_->activation == Activation::quick_gelu) {
    rows::quick_gelu(inner, bias, active, with_slope ? inner : none);
  } else {  // LibTorch's loops: a row of any published tower is whole vectors, so its bits are the same in any company
    rows::add_bias(inner, bias);
    at::gelu_out(active, inner);
    if (with_slope) inner = at::gelu_backward(at::ones_like(inner), inner);
  }
  return active;
}

Tensor PromptPass::read(const Tensor& x, std::int64_t clients) const {
  const std::int64_t columns = x.size(1);
  return x.view({clients, rows_, columns}).index_select(1, ends_).view({-1, columns});
}

AttentionInput PromptPass::input(const PromptActivations::Layer& kept, const Weights& layer) const {
  const std::int64_t w = weights_->tower.width, first = kept.projected.size(1) - 2 * w;
  return {kept.queries,
          kept.projected.narrow(1, first, w),
          kept.projected.narrow(1, first + w, w),
          layer.root_key,
          layer.root_value,
          weights_->tower.heads};
}

Tensor PromptPass::forward(const Tensor& context, PromptActivations* activations) const {
  const at::NoGradGuard by_hand;
  const std::int64_t K = context.size(0), n = rows_, h = stem_, C = classes_, w = weights_->tower.width;
  const std::size_t last = weights_->layers.size() - 1;
  const Tensor stem = (context.to(at::kFloat) + positions_).reshape({K * h, w});
  Tensor x = at::cat({stem.view({K, h, w}), branches_.expand({K, n - h, w})}, 1).view({K * n, w});
  Tensor normed, none;
  PromptActivations::Layer spare;
  if (activations) activations->layers.resize(last + 1);
  for (std::size_t i = 0; i <= last; ++i) {
    const Weights& layer = weights_->layers[i];
    PromptActivations::Layer& kept = activations ? activations->layers[i] : spare;
    const std::int64_t queries = i == last ? K * C : K * n;
    if (i == 0) {
      Tensor before = stem, statistics = floats(K * h, 2);
      normed = room(K * h, w);
      rows::add_and_norm(stem, none, none, layer.norm1.weight, layer.norm1.bias, before, statistics, normed);
      Tensor of_stem = layer.in.times(normed);
      rows::add_bias(of_stem, layer.in_bias);
      kept.before = before;
      kept.before_statistics = statistics;
      kept.projected =
          at::cat({of_stem.view({K, h, 3 * w}), branches_in_.expand({K, n - h, 3 * w})}, 1).view({K * n, 3 * w});
      kept.queries = kept.projected.narrow(1, 0, w);
      if (i == last) kept.queries = read(kept.queries.contiguous(), K);
    } else if (i < last) {
      kept.projected = layer.in.times(normed);
      rows::add_bias(kept.projected, layer.in_bias);
      kept.queries = kept.projected.narrow(1, 0, w);
    } else {  // only the end of each prompt is read
      kept.projected = layer.keys_and_values.times(normed);
      rows::add_bias(kept.projected, layer.in_bias.narrow(0, w, 2 * w));
      kept.queries = layer.queries.times(read(normed, K));
      rows::add_bias(kept.queries, layer.in_bias.narrow(0, 0, w));
    }
    const AttentionInput seen = input(kept, layer);
    Tensor mixed = room(queries, w);
    kept.weights = attend(sight(i), seen, mixed);
    if (i == last) x = read(x, K);
    kept.middle = floats(queries, w);
    kept.middle_statistics = floats(queries, 2);
    normed = room(queries, w);
    rows::add_and_norm(x, layer.out.weight.times(mixed), layer.out.bias, layer.norm2.weight, layer.norm2.bias,
                       kept.middle, kept.middle_statistics, normed);
    kept.slope = layer.inner.weight.times(normed);
    const Tensor active = activate(kept.slope, layer.inner.bias, activations != nullptr);
    const PromptWeights::Norm& next = i == last ? weights_->after : weights_->layers[i + 1].norm1;
    Tensor sum = floats(queries, w), statistics = floats(queries, 2);
    rows::add_and_norm(kept.middle, layer.outer.weight.times(active), layer.outer.bias, next.weight, next.bias, sum,
                       statistics, normed);
    x = sum;
    if (!activations) continue;
    (i == last ? activations->after : activations->layers[i + 1].before) = sum;
    (i == last ? activations->after_statistics : activations->layers[i + 1].before_statistics) = statistics;
  }
  return weights_->projection.times(normed).to(at::kFloat).view({K, C, -1});
}

Tensor PromptPass::backward(const Tensor& dfeatures, const PromptActivations& activations,
                            std::span<const std::int64_t> sources) const {
  const at::NoGradGuard by_hand;
  const auto K = std::int64_t(sources.size()), n = rows_, h = stem_, C = classes_, w = weights_->tower.width;
  const auto type = weights_->type();
  const auto last = std::int64_t(weights_->layers.size()) - 1;
  Tensor none, dx = at::zeros({K * C, w}, at::kFloat);
  Rounded half(dx, type);
  rows::norm_backward(weights_->projection.times_back(dfeatures.reshape({K * C, -1}).to(type)), activations.after,
                      activations.after_statistics, weights_->after.weight, sources, dx, half.room());
  for (std::int64_t i = last; i >= 0; --i) {
    const Weights& layer = weights_->layers[std::size_t(i)];
    const PromptActivations::Layer& kept = activations.layers[std::size_t(i)];
    Tensor d = layer.outer.weight.times_back(half.value());  // (R, m)
    rows::multiply(d, kept.slope, sources);
    rows::norm_backward(layer.inner.weight.times_back(d), kept.middle, kept.middle_statistics, layer.norm2.weight,
                        sources, dx, half.room());
    const Tensor dmixed = layer.out.weight.times_back(half.value());
    // The first layer's branches are constants; in the last, queries stand apart.
    const std::int64_t trained = i == 0 ? h : n, trained_queries = i < last ? trained : i == 0 ? 0 : C;
    const bool apart = i == last;
    Tensor dprojected = room(K * trained, apart ? 2 * w : 3 * w);
    Tensor dqueries = apart ? room(K * trained_queries, w) : dprojected.narrow(1, 0, w);
    Tensor dkeys = dprojected.narrow(1, apart ? 0 : w, w), dvalues = dprojected.narrow(1, apart ? w : 2 * w, w);
    attend_backward(sight(std::size_t(i)), input(kept, layer), kept.weights, dmixed, sources, trained_queries, trained,
                    dqueries, dkeys, dvalues);
    Tensor dnormed = apart ? layer.keys_and_values.times_back(dprojected) : layer.in.times_back(dprojected);
    if (apart) {
      const Tensor at_end = (ends_ + n * at::arange(K).unsqueeze(1)).view({-1});  // (K C) rows
      if (i > 0) dnormed.index_add_(0, at_end, layer.queries.times_back(dqueries));
      dx = at::zeros({K * n, w}, at::kFloat).index_add_(0, at_end, dx);
    }
    if (i == 0) dx = dx.view({K, n, w}).narrow(1, 0, h).reshape({K * h, w}).clone();
    half = Rounded(dx, type);
    rows::norm_backward(dnormed, kept.before, kept.before_statistics, layer.norm1.weight, sources, dx, half.room());
  }
  return dx.view({K, h, w});
}

}  // namespace fedorbit
