#include "model/prompts/prompt_tree.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/_softmax_backward_data.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/gelu_backward.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/native_layer_norm.h>
#include <ATen/ops/native_layer_norm_backward.h>
#include <ATen/ops/one_hot.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/tensor.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>

#include "core/error.hpp"
#include "model/towers/joint_weight.hpp"
#include "model/towers/text_tower.hpp"

namespace fedorbit {
namespace {

/// The activation of u, which becomes the slope there where a backward will come.
Tensor activate(Activation activation, Tensor& u, bool with_slope) {
  if (activation == Activation::gelu) {
    const Tensor active = at::gelu(u);
    if (with_slope) u = at::gelu_backward(at::ones_like(u), u);
    return active;
  }
  const Tensor s = at::sigmoid(1.702 * u), active = u * s;
  if (with_slope) u = s + 1.702 * active * (1 - s);
  return active;
}

/// (K, heads, rows, w / heads) -> (K, rows, w)
Tensor joined_heads(const Tensor& x) { return x.transpose(1, 2).flatten(2); }

}  // namespace

PromptTree::PromptTree(const NamedTensors& tensors, const ClipConfig& config, const ClassPrompts& prompts)
    : tower_(config.text), activation_(config.activation) {
  const at::NoGradGuard frozen;
  const auto norm_of = [&](const std::string& name) {
    return Norm{tensor_of(tensors, name + ".weight").to(at::kFloat), tensor_of(tensors, name + ".bias").to(at::kFloat)};
  };
  const auto linear_of = [&](const std::string& name) {
    return Linear{tensor_of(tensors, name + ".weight"), tensor_of(tensors, name + ".bias")};
  };
  for (std::int64_t i = 0; i < tower_.layers; ++i) {
    const std::string name = text("text.layers.", i);
    const Linear in{JointWeight(tensors, name + ".attention.in.weight").rows(0, 3),
                    tensor_of(tensors, name + ".attention.in.bias")};
    layers_.push_back({norm_of(name + ".norm1"), norm_of(name + ".norm2"), in, linear_of(name + ".attention.out"),
                       linear_of(name + ".mlp.in"), linear_of(name + ".mlp.out")});
  }
  after_ = norm_of("text.norm_after");
  projection_ = tensor_of(tensors, "text.projection");

  const Tensor& table = tensor_of(tensors, "text.tokens");
  const auto device = table.device();
  start_ = embed_tokens(tensors, at::tensor({prompts.start}, at::kLong).to(device)).to(at::kFloat);
  const PromptTrie trie = prompts.trie();
  const Tensor placed =
      at::embedding(tensor_of(tensors, "text.positions"), trie.positions().to(device)).to(at::kFloat);  // (n, w)
  stem_ = placed.narrow(0, 0, trie.stem());
  branches_ = embed_tokens(tensors, trie.tokens().to(device)).to(at::kFloat) +
              placed.narrow(0, trie.stem(), trie.size() - trie.stem());
  Normed unused;
  first_in_ = at::linear(norm(layers_[0].norm1, branches_, unused), layers_[0].in.weight, layers_[0].in.bias);
  mask_ = trie.mask().to(table.options());
  ends_ = trie.ends().to(device);
  from_ends_ = at::one_hot(trie.ends(), trie.size()).t().to(at::kFloat).contiguous().to(device);
}

Tensor PromptTree::norm(const Norm& by, const Tensor& x, Normed& kept) const {
  auto [out, mean, rstd] = at::native_layer_norm(x, {tower_.width}, by.weight, by.bias, 1e-5);
  kept = {x, mean, rstd};
  return out.to(projection_.scalar_type());
}

/// (K, rows, w) -> (K, heads, rows, w / heads)
Tensor PromptTree::by_head(const Tensor& rows) const {
  return rows.view({rows.size(0), rows.size(1), tower_.heads, tower_.width / tower_.heads}).transpose(1, 2);
}

Tensor PromptTree::part(const Tensor& joined, std::int64_t which) const {
  return by_head(joined.narrow(2, which * tower_.width, tower_.width));
}

Tensor PromptTree::forward(const Tensor& context, Activations* activations) const {
  const std::int64_t U = context.size(0), w = tower_.width, last = tower_.layers - 1;
  const double scale = 1 / std::sqrt(double(w / tower_.heads));
  const Tensor stem = at::cat({start_.expand({U, 1, w}), context}, 1) + stem_;  // (U, 1 + h, w)
  Tensor x = at::cat({stem, branches_.expand({U, branches_.size(0), w})}, 1);   // (U, n, w)
  Activations::OfLayer spare;
  if (activations) activations->layers.resize(std::size_t(tower_.layers));
  for (std::int64_t i = 0; i <= last; ++i) {
    const Layer& layer = layers_[std::size_t(i)];
    Activations::OfLayer& kept = activations ? activations->layers[std::size_t(i)] : spare;
    kept.joined = at::linear(norm(layer.norm1, i == 0 ? stem : x, kept.norm1), layer.in.weight, layer.in.bias);
    if (i == 0) kept.joined = at::cat({kept.joined, first_in_.expand({U, first_in_.size(0), 3 * w})}, 1);
    kept.queries = part(kept.joined, 0);
    Tensor mask = mask_;
    if (i == last) {  // only the end of each prompt is read
      kept.queries = kept.queries.index_select(2, ends_);
      mask = mask.index_select(0, ends_);
      x = x.index_select(1, ends_);
    }
    kept.weights = at::softmax(at::matmul(kept.queries, part(kept.joined, 1).transpose(2, 3)) * scale + mask, -1);
    const Tensor mixed = joined_heads(at::matmul(kept.weights, part(kept.joined, 2)));
    x = x + at::linear(mixed, layer.out.weight, layer.out.bias);
    kept.slope = at::linear(norm(layer.norm2, x, kept.norm2), layer.inner.weight, layer.inner.bias);
    x = x + at::linear(activate(activation_, kept.slope, activations != nullptr), layer.outer.weight, layer.outer.bias);
  }
  Normed after;
  const Tensor features = at::matmul(norm(after_, x, after), projection_).to(at::kFloat);
  if (activations) activations->after = after;
  return features;
}

Tensor PromptTree::backward(const Tensor& dfeatures, const Activations& activations, const Tensor& sources) const {
  const std::int64_t w = tower_.width, stem = stem_.size(0), last = tower_.layers - 1;
  const double scale = 1 / std::sqrt(double(w / tower_.heads));
  const auto type = projection_.scalar_type();
  const auto own = [&](const Tensor& kept) { return sources.defined() ? kept.index_select(0, sources) : kept; };
  const auto norm_back = [&](const Tensor& d, const Normed& kept, const Norm& by) {
    return std::get<0>(at::native_layer_norm_backward(d.to(at::kFloat), own(kept.x), {w}, own(kept.mean),
                                                      own(kept.rstd), by.weight, by.bias, {true, false, false}));
  };
  Tensor dx =
      norm_back(at::matmul(dfeatures.to(type), projection_.t()), activations.after, after_);  // (K, C, w) float32
  for (std::int64_t i = last; i >= 0; --i) {
    const Layer& layer = layers_[std::size_t(i)];
    const Activations::OfLayer& kept = activations.layers[std::size_t(i)];
    const Tensor du = at::matmul(dx.to(type), layer.outer.weight) * own(kept.slope);
    dx = dx + norm_back(at::matmul(du, layer.inner.weight), kept.norm2, layer.norm2);

    const Tensor dmixed = by_head(at::matmul(dx.to(type), layer.out.weight));
    const Tensor joined = own(kept.joined), weights = own(kept.weights);
    const Tensor dweights = at::matmul(dmixed, part(joined, 2).transpose(2, 3));
    const Tensor dscores = at::_softmax_backward_data(dweights, weights, -1, type) * scale;  // (K, heads, Q, n)
    // The first layer's branches are constants; in the last, queries stand apart.
    const std::int64_t trained = i == 0 ? stem : mask_.size(0);
    const Tensor dkeys = at::matmul(dscores.narrow(3, 0, trained).transpose(2, 3), own(kept.queries));
    const Tensor dvalues = at::matmul(weights.narrow(3, 0, trained).transpose(2, 3), dmixed);
    const Tensor dshown = at::cat({joined_heads(dkeys), joined_heads(dvalues)}, 2);  // (K, trained, 2w)
    Tensor dnormed;
    if (i < last) {
      const Tensor dqueries = joined_heads(at::matmul(dscores.narrow(2, 0, trained), part(joined, 1)));
      dnormed = at::matmul(at::cat({dqueries, dshown}, 2), layer.in.weight);
      dx = dx.narrow(1, 0, trained);
    } else {
      const Tensor at_ends = from_ends_.narrow(0, 0, trained);  // in a tower of one layer none is in the stem
      const Tensor dqueries =
          at::matmul(joined_heads(at::matmul(dscores, part(joined, 1))), layer.in.weight.narrow(0, 0, w));
      dnormed = at::matmul(dshown, layer.in.weight.narrow(0, w, 2 * w)) + at::matmul(at_ends.to(type), dqueries);
      dx = at::matmul(at_ends, dx);
    }
    dx = dx + norm_back(dnormed, kept.norm1, layer.norm1);
  }
  return dx.narrow(1, 1, stem - 1);
}

/// Contexts of which the first `equal` are one.
struct PromptTree::Different {
  Different(const Tensor& context, std::int64_t equal) : contexts(context) {
    if (equal < 2) return;
    const std::int64_t others = context.size(0) - equal;
    contexts = at::cat({context.narrow(0, 0, 1), context.narrow(0, equal, others)});
    sources = (at::arange(context.size(0), context.options().dtype(at::kLong)) - (equal - 1)).clamp_min(0);
  }
  Tensor of_clients(const Tensor& features) const {
    return sources.defined() ? features.index_select(0, sources) : features;
  }
  Tensor contexts, sources;  // (U, h, w), (K) or undefined: all differ
};

/// What the graph keeps until the backward.
struct PromptTree::Kept final : torch::CustomClassHolder {
  const PromptTree* tree;
  Activations activations;
  Tensor sources;
};

struct PromptTree::Node : torch::autograd::Function<Node> {
  static Tensor forward(torch::autograd::AutogradContext* graph, const Tensor& context, const PromptTree* tree,
                        std::int64_t equal) {
    const Different different(context, equal);
    auto kept = c10::make_intrusive<Kept>();
    kept->tree = tree;
    kept->sources = different.sources;
    const Tensor features = tree->forward(different.contexts, &kept->activations);
    graph->saved_data["kept"] = c10::IValue::make_capsule(kept);
    return different.of_clients(features);
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* graph,
                                                 const torch::autograd::variable_list& gradients) {
    const auto capsule = graph->saved_data["kept"].toCapsule();
    const auto& kept = static_cast<const Kept&>(*capsule);
    return {kept.tree->backward(gradients[0], kept.activations, kept.sources), Tensor(), Tensor()};
  }
};

Tensor PromptTree::encode(const Tensor& context, std::int64_t equal) {
  const Tensor rows = context.to(at::kFloat);
  if (at::GradMode::is_enabled() && rows.requires_grad())
    return Node::apply(rows, static_cast<const PromptTree*>(this), equal);
  const at::NoGradGuard by_hand;
  const Different different(rows, equal);
  return different.of_clients(forward(different.contexts, nullptr));
}

double PromptTree::bytes() const {
  const double nodes = double(mask_.size(0)), w = double(tower_.width), m = double(tower_.mlp_width);
  const double halves = 3 * w + m + double(tower_.heads) * nodes;
  return double(tower_.layers) * nodes * (2 * w * sizeof(float) + halves * double(mask_.element_size()));
}

}  // namespace fedorbit
