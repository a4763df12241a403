#include "model/prompt_function.hpp"

#include <ATen/ops/tensor.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cstring>

namespace fedorbit {
namespace {

/// Which contexts differ, and which of them each client has.
struct Distinct {
  std::vector<std::int64_t> clients, source;  // one client of each kind; of each client, its kind
};

Distinct distinct(const Tensor& context) {
  const auto bytes = std::size_t(context.stride(0)) * sizeof(float);
  const float* values = context.const_data_ptr<float>();
  const auto row = [&](std::int64_t k) { return values + k * context.stride(0); };
  Distinct out;
  for (std::int64_t k = 0; k < context.size(0); ++k) {
    const auto same = [&](std::int64_t other) { return std::memcmp(row(k), row(other), bytes) == 0; };
    const auto found = std::ranges::find_if(out.clients, same);
    out.source.push_back(found - out.clients.begin());
    if (found == out.clients.end()) out.clients.push_back(k);
  }
  return out;
}

Tensor forward_pass(const PromptPass& pass, const Tensor& context, const Distinct& kinds,
                    PromptActivations* activations) {
  if (kinds.clients.size() == kinds.source.size()) return pass.forward(context, activations);
  const Tensor features = pass.forward(context.index_select(0, at::tensor(kinds.clients, at::kLong)), activations);
  return features.index_select(0, at::tensor(kinds.source, at::kLong));
}

/// What a graph keeps of a forward pass.
struct Kept final : torch::CustomClassHolder {
  std::shared_ptr<const PromptPass> pass;
  PromptActivations activations;
  std::vector<std::int64_t> source;
};

struct PromptFunction : torch::autograd::Function<PromptFunction> {
  static Tensor forward(torch::autograd::AutogradContext* graph, const Tensor& context,
                        const std::shared_ptr<const PromptPass>& pass) {
    const Distinct kinds = distinct(context);
    auto kept = c10::make_intrusive<Kept>();
    kept->pass = pass;
    kept->source = kinds.source;
    const Tensor features = forward_pass(*pass, context, kinds, &kept->activations);
    graph->saved_data["kept"] = c10::IValue::make_capsule(kept);
    return features;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* graph,
                                                 const torch::autograd::variable_list& gradients) {
    const auto kept = graph->saved_data["kept"].toCapsule();
    const auto& pass = static_cast<const Kept&>(*kept);
    return {pass.pass->backward(gradients[0], pass.activations, pass.source), Tensor()};
  }
};

}  // namespace

Tensor encode_by_hand(const std::shared_ptr<const PromptPass>& pass, const Tensor& context) {
  const Tensor rows = context.to(at::kFloat).contiguous();
  if (at::GradMode::is_enabled() && rows.requires_grad()) return PromptFunction::apply(rows, pass);
  return forward_pass(*pass, rows, distinct(rows), nullptr);
}

}  // namespace fedorbit
