// The group norm of networks against LibTorch's in float64.
#include "model/networks/group_norm.hpp"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/group_norm.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include "support/checks.hpp"

namespace fedorbit {
namespace {

/// Images (5, C, 7, 6) whose channels have means of their own, channels innermost.
struct Case {
  std::int64_t groups;
  Tensor x, weight, bias, dy;
  Case(std::int64_t channels, std::int64_t groups) : groups(groups) {
    x = at::randn({5, channels, 7, 6}) + 3 * at::randn({channels, 1, 1});
    weight = at::randn({channels}), bias = at::randn({channels}), dy = at::randn({5, channels, 7, 6});
    for (Tensor* images : {&x, &dy}) *images = images->contiguous(at::MemoryFormat::ChannelsLast);
  }
  /// The output, then the gradients of x, weight and bias.
  template <class Norm>
  std::vector<Tensor> results(at::ScalarType type, Norm norm) const {
    std::vector<Tensor> of;
    for (const Tensor& one : {x, weight, bias}) of.push_back(one.detach().to(type).requires_grad_());
    const Tensor y = norm(of[0], groups, of[1], of[2]);
    y.backward(dy.to(type));
    return {y.detach(), of[0].grad(), of[1].grad(), of[2].grad()};
  }
};

TEST(GroupNorm, is_libtorchs_in_output_and_gradients_however_many_channels_a_group_has) {
  at::manual_seed(1);
  for (const auto& [channels, groups] : {std::pair{4, 2}, {16, 8}, {24, 3}, {40, 4}, {64, 32}, {35, 7}, {64, 1}}) {
    const Case one(channels, groups);
    const auto ours = one.results(at::kFloat, group_norm);
    const auto exact = one.results(at::kDouble, [](const auto&... of) { return at::group_norm(of..., 1e-5); });
    for (std::size_t i = 0; i < exact.size(); ++i) EXPECT_LT(relative(ours[i], exact[i]), 2e-6) << channels << " " << i;
    EXPECT_TRUE(ours[0].is_contiguous(at::MemoryFormat::ChannelsLast));
    const at::NoGradGuard no_gradient;
    EXPECT_TRUE(at::equal(group_norm(one.x, groups, one.weight, one.bias), ours[0]));
  }
}

TEST(GroupNorm, has_the_same_bits_on_any_number_of_threads_and_beside_any_images) {
  const Case one(24, 6);
  const auto alone = one.results(at::kFloat, group_norm);
  const int threads = at::get_num_threads();
  at::set_num_threads(threads == 1 ? 3 : 1);
  const auto others = one.results(at::kFloat, group_norm);
  at::set_num_threads(threads);
  for (std::size_t i = 0; i < alone.size(); ++i) EXPECT_TRUE(at::equal(alone[i], others[i])) << i;
  const Tensor last = one.x.narrow(0, 4, 1).contiguous(at::MemoryFormat::ChannelsLast);
  EXPECT_TRUE(at::equal(group_norm(last, 6, one.weight, one.bias)[0], alone[0][4]));
}

TEST(GroupNorm, takes_other_types_and_orders_as_libtorch_does) {
  const Case one(16, 4);
  for (const Tensor& x : {one.x.to(at::kDouble), one.x.contiguous()}) {
    const Tensor weight = one.weight.to(x.scalar_type()), bias = one.bias.to(x.scalar_type());
    EXPECT_TRUE(at::equal(group_norm(x, 4, weight, bias), at::group_norm(x, 4, weight, bias, 1e-5)));
  }
}

}  // namespace
}  // namespace fedorbit
