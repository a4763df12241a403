#include "model/prompts/prompt_function.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/tensor.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cstring>

#include "core/error.hpp"

namespace fedorbit {
namespace {

/// The clients of each different context, in the order of their first ones.
std::vector<std::vector<std::int64_t>> kinds_of(const Tensor& context) {
  const std::int64_t numel = context.size(1) * context.size(2);
  const float* values = context.const_data_ptr<float>();
  const auto same = [&](std::int64_t a, std::int64_t b) {
    return std::memcmp(values + a * numel, values + b * numel, std::size_t(numel) * sizeof(float)) == 0;
  };
  std::vector<std::vector<std::int64_t>> kinds;
  for (std::int64_t k = 0; k < context.size(0); ++k) {
    const auto found = std::ranges::find_if(kinds, [&](const auto& kind) { return same(kind.front(), k); });
    if (found == kinds.end())
      kinds.push_back({k});
    else
      found->push_back(k);
  }
  return kinds;
}

Tensor chosen(const Tensor& x, const std::vector<std::int64_t>& which) {
  return x.index_select(0, at::tensor(which, at::kLong));
}

}  // namespace

PromptFunction::Part PromptFunction::remembered(const Tensor& context) {
  if (!context_.defined() || !at::equal(context_, context)) {
    remembered_ = Part();  // before the new one takes as much memory
    context_ = Tensor();
    Part fresh;
    fresh.activations = std::make_shared<PromptActivations>();
    fresh.features = pass_.forward(context, fresh.activations.get());
    remembered_ = std::move(fresh);
    context_ = context.clone();
  }
  return remembered_;
}

std::vector<PromptFunction::Part> PromptFunction::forward(const Tensor& context, bool keep) {
  const auto kinds = kinds_of(context);
  std::vector<Part> parts;
  Part own;  // contexts that one client each has
  for (const auto& kind : kinds)
    if (kind.size() > 1 || kinds.size() == 1) {
      Part part = remembered(context.narrow(0, kind.front(), 1));
      part.clients = kind;
      part.sources.assign(kind.size(), 0);
      parts.push_back(std::move(part));
    } else {
      own.sources.push_back(std::int64_t(own.clients.size()));
      own.clients.push_back(kind.front());
    }
  if (own.clients.empty()) return parts;
  if (keep) own.activations = std::make_shared<PromptActivations>();
  const bool all = parts.empty();
  own.features = pass_.forward(all ? context : chosen(context, own.clients), own.activations.get());
  parts.push_back(std::move(own));
  return parts;
}

/// What the graph keeps until the backward.
struct PromptFunction::Kept final : torch::CustomClassHolder {
  const PromptPass* pass;
  std::vector<Part> parts;
};

struct PromptFunction::Node : torch::autograd::Function<Node> {
  static Tensor forward(torch::autograd::AutogradContext* graph, const Tensor& context, PromptFunction* function) {
    auto kept = c10::make_intrusive<Kept>();
    kept->pass = &function->pass_;
    kept->parts = function->forward(context, true);
    const Tensor features = joined(context.size(0), kept->parts);
    graph->saved_data["kept"] = c10::IValue::make_capsule(kept);
    return features;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* graph,
                                                 const torch::autograd::variable_list& gradients) {
    const auto capsule = graph->saved_data["kept"].toCapsule();
    const auto& kept = static_cast<const Kept&>(*capsule);
    if (kept.parts.size() == 1)
      return {kept.pass->backward(gradients[0], *kept.parts[0].activations, kept.parts[0].sources), Tensor()};
    Tensor out;
    for (const Part& part : kept.parts) {
      const Tensor own = kept.pass->backward(chosen(gradients[0], part.clients), *part.activations, part.sources);
      if (!out.defined()) out = at::empty({gradients[0].size(0), own.size(1), own.size(2)}, own.options());
      out.index_copy_(0, at::tensor(part.clients, at::kLong), own);
    }
    return {out, Tensor()};
  }

  static Tensor joined(std::int64_t clients, const std::vector<Part>& parts) {
    const auto of_clients = [](const Part& part) {
      // What is remembered must not become part of a graph.
      return std::int64_t(part.sources.size()) == part.features.size(0) ? part.features.detach()
                                                                        : chosen(part.features, part.sources);
    };
    if (parts.size() == 1) return of_clients(parts[0]);
    const Tensor& some = parts[0].features;
    Tensor out = at::empty({clients, some.size(1), some.size(2)}, some.options());
    for (const Part& part : parts) out.index_copy_(0, at::tensor(part.clients, at::kLong), of_clients(part));
    return out;
  }
};

Tensor PromptFunction::encode(const Tensor& context, std::int64_t equal) {
  const Tensor rows = context.to(at::kFloat).contiguous();
  require(equal < 2 || kinds_of(rows.detach().narrow(0, 0, equal)).size() == 1, "the first ", equal,
          " contexts were promised to be equal, and are not.");
  if (at::GradMode::is_enabled() && rows.requires_grad()) return Node::apply(rows, this);
  return Node::joined(rows.size(0), forward(rows, false));
}

}  // namespace fedorbit
