#include "model/towers/trained_product.hpp"

#include <ATen/ops/linear.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/custom_function.h>

#include "model/towers/one_dnn.hpp"

namespace fedorbit {
namespace {

Tensor rows_of(const Tensor& x) { return x.reshape({-1, x.size(-1)}).contiguous(); }

struct Product : torch::autograd::Function<Product> {
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& x, const Tensor& weight,
                        const std::optional<Tensor>& bias) {
    const Tensor rows = rows_of(x);
    context->save_for_backward({rows, weight});
    context->saved_data["sizes"] = x.sizes();
    context->saved_data["biased"] = bias.has_value();
    std::vector<std::int64_t> sizes = x.sizes().vec();
    sizes.back() = weight.size(0);
    return one_dnn::linear(rows, weight, bias.value_or(Tensor())).view(sizes);
  }

  static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* context,
                                               const torch::autograd::tensor_list& gradients) {
    const auto saved = context->get_saved_variables();
    const Tensor &rows = saved[0], &weight = saved[1], d = rows_of(gradients[0]);
    Tensor of_x, of_weight, of_bias;
    // oneDNN reads transposes where they lie.
    if (context->needs_input_grad(0))
      of_x = one_dnn::linear(d, weight.t(), {}).view(context->saved_data["sizes"].toIntVector());
    if (context->needs_input_grad(1)) of_weight = one_dnn::linear(d.t(), rows.t(), {});
    if (context->saved_data["biased"].toBool() && context->needs_input_grad(2)) of_bias = d.sum(0);
    return {of_x, of_weight, of_bias};
  }
};

}  // namespace

Tensor trained_product(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  const auto added = bias.defined() ? std::optional(bias) : std::nullopt;
  const bool trained = at::GradMode::is_enabled() && (x.requires_grad() || weight.requires_grad());
  if (trained && one_dnn::available() && x.is_cpu() && x.scalar_type() == at::kFloat)
    return Product::apply(x, weight, added);
  return at::linear(x, weight, added);
}

}  // namespace fedorbit
