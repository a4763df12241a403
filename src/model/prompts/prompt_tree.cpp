#include "model/prompts/prompt_tree.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/one_hot.h>
#include <ATen/ops/tensor.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/custom_function.h>

#include "core/error.hpp"
#include "model/towers/joint_weight.hpp"
#include "model/towers/text_tower.hpp"

namespace fedorbit {
PromptTree::PromptTree(const NamedTensors& tensors, const ClipConfig& config, const ClassPrompts& prompts)
    : tower_(config.text) {
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
  steps_ = make_tree_steps(tower_, config.activation, table.scalar_type(), device);
  Normed unused;
  first_in_ = at::linear(steps_->add_norm(layers_[0].norm1, branches_, Tensor(), unused), layers_[0].in.weight,
                         layers_[0].in.bias);
  all_ = Asking(trie, false, table);
  ends_ = Asking(trie, true, table);
  from_ends_ = at::one_hot(trie.ends(), trie.size()).t().to(at::kFloat).contiguous().to(device);
}

Tensor PromptTree::forward(const Tensor& context, Activations* activations) const {
  const std::int64_t U = context.size(0), w = tower_.width, last = tower_.layers - 1;
  const Tensor stem = at::cat({start_.expand({U, 1, w}), context}, 1) + stem_;  // (U, 1 + h, w)
  Tensor x = at::cat({stem, branches_.expand({U, branches_.size(0), w})}, 1);   // (U, n, w)
  Tensor y;                                                                     // what is still to be added to x
  Activations::OfLayer spare;
  if (activations) activations->layers.resize(std::size_t(tower_.layers));
  for (std::int64_t i = 0; i <= last; ++i) {
    const Layer& layer = layers_[std::size_t(i)];
    Activations::OfLayer& kept = activations ? activations->layers[std::size_t(i)] : spare;
    const Tensor shown = steps_->add_norm(layer.norm1, i == 0 ? stem : x, y, kept.norm1);
    if (i > 0) x = kept.norm1.x;
    kept.joined = at::linear(shown, layer.in.weight, layer.in.bias);
    if (i == 0) kept.joined = at::cat({kept.joined, first_in_.expand({U, first_in_.size(0), 3 * w})}, 1);
    const Tensor mixed = steps_->attend(i == last ? ends_ : all_, kept.joined, kept.weights);
    if (i == last) x = x.index_select(1, ends_.nodes);  // only the end of each prompt is read
    const Tensor inner =
        steps_->add_norm(layer.norm2, x, at::linear(mixed, layer.out.weight, layer.out.bias), kept.norm2);
    x = kept.norm2.x;
    kept.slope = at::linear(inner, layer.inner.weight, layer.inner.bias);
    y = at::linear(steps_->activate(kept.slope, activations != nullptr), layer.outer.weight, layer.outer.bias);
  }
  Normed after;
  const Tensor features = at::matmul(steps_->add_norm(after_, x, y, after), projection_).to(at::kFloat);
  if (activations) activations->after = after;
  return features;
}

Tensor PromptTree::backward(const Tensor& dfeatures, const Activations& activations, const Tensor& sources) const {
  const std::int64_t w = tower_.width, stem = stem_.size(0), last = tower_.layers - 1;
  const auto type = projection_.scalar_type();
  Tensor dx = steps_->norm_back(after_, at::matmul(dfeatures.to(type), projection_.t()), activations.after, sources,
                                Tensor());  // (K, C, w) float32
  for (std::int64_t i = last; i >= 0; --i) {
    const Layer& layer = layers_[std::size_t(i)];
    const Activations::OfLayer& kept = activations.layers[std::size_t(i)];
    const Tensor du =
        steps_->activate_back(at::matmul(dx.to(type), layer.outer.weight), kept.slope, sources);  // (K, Q, m)
    dx = steps_->norm_back(layer.norm2, at::matmul(du, layer.inner.weight), kept.norm2, sources, dx);

    // The first layer's branches are constants; in the last, queries stand apart.
    const std::int64_t trained = i == 0 ? stem : branches_.size(0) + stem;
    const auto [dqueries, dshown] =
        steps_->attend_back(i == last ? ends_ : all_, at::matmul(dx.to(type), layer.out.weight), kept.joined,
                            kept.weights, sources, trained);
    Tensor dnormed;
    if (i < last) {
      dnormed = at::matmul(dshown, layer.in.weight);
    } else {
      const Tensor at_ends = from_ends_.narrow(0, 0, trained);  // in a tower of one layer none is in the stem
      dnormed = at::matmul(dshown, layer.in.weight.narrow(0, w, 2 * w)) +
                at::matmul(at_ends.to(type), at::matmul(dqueries, layer.in.weight.narrow(0, 0, w)));
      dx = at::matmul(at_ends, dx);
    }
    dx = steps_->norm_back(layer.norm1, dnormed, kept.norm1, sources, dx);
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
  const double nodes = double(all_.mask.size(0)), w = double(tower_.width), m = double(tower_.mlp_width);
  const double halves = 3 * w + m + double(tower_.heads) * nodes;
  // Two layers more for what is on its way between products.
  return double(tower_.layers + 2) * nodes * (2 * w * sizeof(float) + halves * double(all_.mask.element_size()));
}

}  // namespace fedorbit
