#include "model/networks/group_norm.hpp"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/group_norm.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <vector>

#include "model/networks/group_norm_kernels.hpp"

namespace fedorbit {
namespace {

constexpr auto innermost = at::MemoryFormat::ChannelsLast;

GroupNorm of_image(const Tensor& x, std::int64_t groups) { return {x.size(2) * x.size(3), x.size(1), groups}; }

/// `work(n, workspace)` for every image; what it computes does not depend on the threads.
template <class Work>
void for_each_image(const Tensor& x, Work work) {
  at::parallel_for(0, x.size(0), 1, [&](std::int64_t begin, std::int64_t end) {
    std::vector<float> workspace(std::size_t(3 * x.size(1)));
    for (std::int64_t n = begin; n < end; ++n) work(n, workspace.data());
  });
}

/// `statistics` becomes (N, groups, 2).
Tensor normed(const Tensor& x, std::int64_t groups, const Tensor& weight, const Tensor& bias, Tensor& statistics) {
  Tensor y = at::empty_like(x);
  statistics = at::empty({x.size(0), groups, 2}, x.options());
  const GroupNorm norm = of_image(x, groups);
  const std::int64_t size = norm.pixels * norm.channels;
  const float *from = x.const_data_ptr<float>(), *w = weight.const_data_ptr<float>(), *b = bias.const_data_ptr<float>();
  float *to = y.mutable_data_ptr<float>(), *kept = statistics.mutable_data_ptr<float>();
  for_each_image(x, [=](std::int64_t n, float* workspace) {
    norm.forward(from + n * size, w, b, to + n * size, kept + 2 * n * groups, workspace);
  });
  return y;
}

struct Trained : torch::autograd::Function<Trained> {
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& x, std::int64_t groups,
                        const Tensor& weight, const Tensor& bias) {
    Tensor statistics;
    Tensor y = normed(x, groups, weight, bias, statistics);
    context->save_for_backward({x, weight, statistics});
    return y;
  }

  static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* context,
                                               const torch::autograd::tensor_list& gradients) {
    const auto saved = context->get_saved_variables();
    const Tensor &x = saved[0], &weight = saved[1], &statistics = saved[2];
    const Tensor dy = gradients[0].contiguous(innermost);
    Tensor dx = at::empty_like(x), of_images = at::empty({2, x.size(0), x.size(1)}, x.options());
    const std::int64_t groups = statistics.size(1);
    const GroupNorm norm = of_image(x, groups);
    const std::int64_t size = norm.pixels * norm.channels;
    const float *of_y = dy.const_data_ptr<float>(), *from = x.const_data_ptr<float>(),
                *w = weight.const_data_ptr<float>(), *kept = statistics.const_data_ptr<float>();
    float *to = dx.mutable_data_ptr<float>(), *dweight = of_images[0].mutable_data_ptr<float>(),
          *dbias = of_images[1].mutable_data_ptr<float>();
    for_each_image(x, [=](std::int64_t n, float* workspace) {
      norm.backward(of_y + n * size, from + n * size, w, kept + 2 * n * groups, to + n * size,
                    dweight + n * norm.channels, dbias + n * norm.channels, workspace);
    });
    const Tensor sums = of_images.sum(1);
    return {dx, Tensor(), sums[0], sums[1]};
  }
};

}  // namespace

Tensor group_norm(const Tensor& x, std::int64_t groups, const Tensor& weight, const Tensor& bias) {
  if (!x.is_cpu() || x.scalar_type() != at::kFloat || !x.is_contiguous(innermost))
    return at::group_norm(x, groups, weight, bias, 1e-5);
  const Tensor w = weight.contiguous(), b = bias.contiguous();
  if (at::GradMode::is_enabled() && (x.requires_grad() || w.requires_grad() || b.requires_grad()))
    return Trained::apply(x, groups, w, b);
  Tensor statistics;
  return normed(x, groups, w, b, statistics);
}

}  // namespace fedorbit
