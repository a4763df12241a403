#include "model/prompts/tree_steps.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/_softmax_backward_data.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/gelu_backward.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/native_layer_norm.h>
#include <ATen/ops/native_layer_norm_backward.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace fedorbit {

Asking::Asking(const PromptTrie& trie, bool ends, const Tensor& like) {
  const Tensor end_nodes = trie.ends(), whole_mask = trie.mask();
  std::vector<std::int64_t> askers;
  for (std::int64_t q = 0; q < (ends ? end_nodes.numel() : trie.size()); ++q)
    askers.push_back(ends ? end_nodes.const_data_ptr<std::int64_t>()[q] : q);
  if (ends) nodes = end_nodes.to(like.device());
  mask = (ends ? whole_mask.index_select(0, end_nodes) : whole_mask).to(like.options());

  std::size_t most = 0;
  for (const std::int64_t node : askers) most = std::max(most, trie.path(node).size());
  std::vector<std::int32_t> above(askers.size() * most, -1);
  std::vector<std::vector<std::int32_t>> below(std::size_t(trie.size()));
  for (std::size_t q = 0; q < askers.size(); ++q) {
    const std::vector<std::int64_t> path = trie.path(askers[q]);
    for (std::size_t slot = 0; slot < path.size(); ++slot) {
      above[q * most + slot] = std::int32_t(path[slot]);
      below[std::size_t(path[slot])].push_back(std::int32_t(q * most + slot));
    }
  }
  std::vector<std::int32_t> begins{0}, all;
  for (const auto& of_node : below) {
    all.insert(all.end(), of_node.begin(), of_node.end());
    begins.push_back(std::int32_t(all.size()));
  }
  const auto whole_numbers = at::TensorOptions(at::kInt);
  ancestors = at::tensor(above, whole_numbers).view({std::int64_t(askers.size()), -1}).to(like.device());
  first = at::tensor(begins, whole_numbers).to(like.device());
  answered = at::tensor(all, whole_numbers).to(like.device());
}

namespace {

class InOperators final : public TreeSteps {
 public:
  InOperators(const TowerConfig& tower, Activation activation, c10::ScalarType type)
      : tower_(tower), activation_(activation), type_(type) {}

  Tensor add_norm(const Norm& norm, const Tensor& x, const Tensor& y, Normed& kept) const override {
    const Tensor sum = y.defined() ? x + y : x;
    auto [out, mean, rstd] = at::native_layer_norm(sum, {tower_.width}, norm.weight, norm.bias, 1e-5);
    kept = {sum, mean, rstd};
    return out.to(type_);
  }

  Tensor norm_back(const Norm& norm, const Tensor& dn, const Normed& kept, const Tensor& sources,
                   const Tensor& dx) const override {
    const Tensor back = std::get<0>(
        at::native_layer_norm_backward(dn.to(at::kFloat), own(kept.x, sources), {tower_.width}, own(kept.mean, sources),
                                       own(kept.rstd, sources), norm.weight, norm.bias, {true, false, false}));
    return dx.defined() ? dx.narrow(1, 0, dn.size(1)) + back : back;
  }

  Tensor activate(Tensor& u, bool with_slope) const override {
    if (activation_ == Activation::gelu) {
      const Tensor active = at::gelu(u);
      if (with_slope) u = at::gelu_backward(at::ones_like(u), u);
      return active;
    }
    const Tensor s = at::sigmoid(1.702 * u), active = u * s;
    if (with_slope) u = s + 1.702 * active * (1 - s);
    return active;
  }

  Tensor activate_back(const Tensor& da, const Tensor& slope, const Tensor& sources) const override {
    return da * own(slope, sources);
  }

  Tensor attend(const Asking& asking, const Tensor& joined, Tensor& weights) const override {
    weights = at::softmax(at::matmul(queries(asking, joined), part(joined, 1).transpose(2, 3)) * scale() + asking.mask,
                          -1);  // (U, heads, Q, n)
    return joined_heads(at::matmul(weights, part(joined, 2)));
  }

  std::pair<Tensor, Tensor> attend_back(const Asking& asking, const Tensor& dmixed, const Tensor& joined,
                                        const Tensor& weights, const Tensor& sources,
                                        std::int64_t trained) const override {
    const Tensor d = by_head(dmixed), shown = own(joined, sources), given = own(weights, sources);
    const Tensor dweights = at::matmul(d, part(shown, 2).transpose(2, 3));
    const Tensor dscores = at::_softmax_backward_data(dweights, given, -1, type_) * scale();  // (K, heads, Q, n)
    const Tensor dkeys = at::matmul(dscores.narrow(3, 0, trained).transpose(2, 3), queries(asking, shown));
    const Tensor dvalues = at::matmul(given.narrow(3, 0, trained).transpose(2, 3), d);
    const bool all = !asking.nodes.defined();
    const Tensor dqueries =
        joined_heads(at::matmul(all ? dscores.narrow(2, 0, trained) : dscores, part(shown, 1)));  // (K, Q, w)
    if (all) return {Tensor(), at::cat({dqueries, joined_heads(dkeys), joined_heads(dvalues)}, 2)};
    return {dqueries, at::cat({joined_heads(dkeys), joined_heads(dvalues)}, 2)};
  }

 private:
  double scale() const { return 1 / std::sqrt(double(tower_.width / tower_.heads)); }
  static Tensor own(const Tensor& kept, const Tensor& sources) {
    return sources.defined() ? kept.index_select(0, sources) : kept;
  }
  /// (K, rows, w) -> (K, heads, rows, w / heads)
  Tensor by_head(const Tensor& rows) const {
    return rows.view({rows.size(0), rows.size(1), tower_.heads, tower_.width / tower_.heads}).transpose(1, 2);
  }
  /// (K, heads, rows, w / heads) -> (K, rows, w)
  static Tensor joined_heads(const Tensor& x) { return x.transpose(1, 2).flatten(2); }
  Tensor part(const Tensor& joined, std::int64_t which) const {
    return by_head(joined.narrow(2, which * tower_.width, tower_.width));
  }
  Tensor queries(const Asking& asking, const Tensor& joined) const {
    const Tensor all = part(joined, 0);
    return asking.nodes.defined() ? all.index_select(2, asking.nodes) : all;
  }

  TowerConfig tower_;
  Activation activation_;
  c10::ScalarType type_;
};

}  // namespace

std::unique_ptr<TreeSteps> tree_steps_in_operators(const TowerConfig& tower, Activation activation,
                                                   c10::ScalarType type) {
  return std::make_unique<InOperators>(tower, activation, type);
}

}  // namespace fedorbit
