// Entropic optimal transport: both solvers against each other, against POT (tests/golden/make_fedrsclip.py), and in
// the corners that options and short batches lead to.
#include "algorithms/losses/transport.hpp"

#include "algorithms/group.hpp"

namespace fedorbit {
namespace {

const NamedTensors& expected() {
  static const NamedTensors tensors = read_safetensors(golden / "fedrsclip.safetensors").tensors;
  return tensors;
}

Tensor even_mass(const Tensor& cost, std::int64_t axis) {
  return at::full_like(cost.select(axis == -1 ? -2 : -1, 0), 1.0 / double(cost.size(axis)));
}

/// Costs 1 - cos of random unit vectors: (problems, M, N).
Tensor cosine_costs(std::int64_t problems, std::int64_t M, std::int64_t N, std::uint64_t seed = 0) {
  const Tensor a = normal({problems, M, 8}, 20, seed), b = normal({problems, N, 8}, 21, seed);
  return 1 - at::matmul(a / a.norm(2, {-1}, true), (b / b.norm(2, {-1}, true)).transpose(1, 2));
}

/// L1 distance of each plan's marginals from those given: (problems).
Tensor marginal_error(const Tensor& plan, const Tensor& rows, const Tensor& columns) {
  return (plan.sum(-1) - rows).abs().sum(-1) + (plan.sum(-2) - columns).abs().sum(-1);
}

TEST(Sinkhorn, reaches_the_plans_of_the_reference) {
  const TransportPlan found = sinkhorn(expected().at("general.cost"), expected().at("general.rows"),
                                       expected().at("general.columns"), {0.1, 100000, 1e-13});
  EXPECT_LT(relative(found.plan, expected().at("general.plan")), 1e-9);
  EXPECT_EQ(found.plan[1][2].abs().max().item<double>(), 0) << "a source without mass sends nothing";
  EXPECT_EQ(found.plan[2].select(1, 4).abs().max().item<double>(), 0) << "a target without mass gets nothing";
}

TEST(Sinkhorn, holds_the_marginals_to_the_tolerance_that_it_reports) {
  const Tensor cost = cosine_costs(20, 9, 5), rows = even_mass(cost, -2), columns = even_mass(cost, -1);
  for (const double tolerance : {1e-2, 1e-3, 1e-5}) {
    const TransportPlan found = sinkhorn(cost, rows, columns, {0.1, 1000, tolerance});
    const Tensor error = marginal_error(found.plan, rows, columns);
    EXPECT_LE(found.residual.max().item<double>(), tolerance);
    EXPECT_LE((error - found.residual).abs().max().item<double>(), 2e-6) << "what is reported is what the plan has";
    EXPECT_LT(found.iterations.max().item<double>(), 1000);
    EXPECT_GE(found.iterations.min().item<double>(), 1);
  }
}

TEST(Sinkhorn, says_so_where_the_iterations_do_not_suffice) {
  const Tensor cost = cosine_costs(3, 6, 6);
  const TransportPlan found = sinkhorn(cost, even_mass(cost, -2), even_mass(cost, -1), {0.005, 4, 1e-6});
  EXPECT_TRUE((found.iterations == 4).all().item<bool>());
  EXPECT_GT(found.residual.min().item<double>(), 1e-6);
}

TEST(TwoTargets, reach_the_plans_of_the_reference_and_of_the_general_iteration) {
  const TransportPlan found = two_target_transport(expected().at("two.cost"), {0.1, 100, 1e-13});
  EXPECT_LT(relative(found.plan, expected().at("two.plan")), 1e-9);
  const Tensor cost = cosine_costs(50, 7, 2).to(at::kDouble);
  for (const double lambda : {0.02, 0.1, 1.0, 50.0}) {
    const TransportPlan quick = two_target_transport(cost, {lambda, 200, 1e-13});
    const TransportPlan slow = sinkhorn(cost, even_mass(cost, -2), even_mass(cost, -1), {lambda, 200000, 1e-13});
    EXPECT_LT(relative(quick.plan, slow.plan), 1e-8) << lambda;
    EXPECT_LT(quick.iterations.max().item<double>(), 20) << lambda;
  }
}

TEST(TwoTargets, hold_the_marginals_to_the_tolerance_that_they_report) {
  const Tensor cost = cosine_costs(50, 9, 2);
  for (const double tolerance : {1e-2, 1e-3, 1e-5}) {
    const TransportPlan found = two_target_transport(cost, {0.1, 100, tolerance});
    EXPECT_LE(found.residual.max().item<double>(), tolerance);
    const Tensor error = marginal_error(found.plan, even_mass(cost, -2), even_mass(cost, -1));
    EXPECT_LE((error - found.residual).abs().max().item<double>(), 2e-6);
  }
}

TEST(TwoTargets, end_at_the_root_when_more_is_asked_for_than_float32_can_give) {
  for (const double lambda : {1e-4, 0.003, 0.1, 1e3}) {
    const Tensor cost = cosine_costs(100, 8, 2, 3);
    const TransportPlan found = two_target_transport(cost, {lambda, 100, 0});
    EXPECT_TRUE(found.plan.isfinite().all().item<bool>()) << lambda;
    EXPECT_LT(found.residual.max().item<double>(), lambda < 0.1 ? 1e-3 : 1e-6) << lambda;
  }
}

TEST(TwoTargets, at_equal_costs_take_half_each) {
  const TransportPlan found = two_target_transport(at::full({1, 5, 2}, 0.7), {});
  EXPECT_LT(relative(found.plan, at::full({1, 5, 2}, 0.1)), 1e-6);
  EXPECT_EQ(found.residual.item<double>(), 0);
}

/// Every solver on problems in a row and on each of them alone.
void expect_alone_as_together(const std::function<TransportPlan(const Tensor&)>& solve, std::int64_t M,
                              std::int64_t N) {
  Tensor cost = cosine_costs(7, M, N);
  cost[3].mul_(0.01);  // one that is easy among harder ones
  const TransportPlan together = solve(cost);
  for (std::int64_t i = 0; i < 7; ++i) {
    const TransportPlan alone = solve(cost.narrow(0, i, 1).clone());
    EXPECT_TRUE(at::equal(alone.plan[0], together.plan[i])) << "problem " << i;
    EXPECT_TRUE(at::equal(alone.iterations[0], together.iterations[i])) << "problem " << i;
    EXPECT_TRUE(at::equal(alone.residual[0], together.residual[i])) << "problem " << i;
  }
  EXPECT_LT(together.iterations[3].item<double>(), together.iterations.max().item<double>());
}

TEST(TwoTargets, solve_a_problem_with_the_same_bits_whatever_stands_beside_it) {
  for (const std::int64_t M : {5, 16, 49})
    expect_alone_as_together([](const Tensor& cost) { return two_target_transport(cost, {0.02, 100, 1e-5}); }, M, 2);
}

TEST(Sinkhorn, solves_a_problem_with_the_same_bits_whatever_stands_beside_it) {
  for (const auto& [M, N] : {std::pair{6, 5}, {16, 16}, {9, 3}})
    expect_alone_as_together(
        [](const Tensor& cost) {
          return sinkhorn(cost, even_mass(cost, -2), even_mass(cost, -1), {0.1, 200, 1e-4});
        },
        M, N);
}

TEST(Transport, has_no_gradient_of_its_own) {
  const Tensor cost = cosine_costs(2, 4, 2).requires_grad_();
  EXPECT_FALSE(two_target_transport(cost, {}).plan.requires_grad());
  EXPECT_FALSE(sinkhorn(cost, even_mass(cost, -2), even_mass(cost, -1), {}).plan.requires_grad());
}

}  // namespace
}  // namespace fedorbit
