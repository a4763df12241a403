// The federated average against the analytic weighted mean, however clients are shared among ranks.
#include "federation/aggregation.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "algorithms/strategies/fedavg.hpp"
#include "comm/factory.hpp"
#include "comm/single.hpp"
#include "core/keys.hpp"
#include "federation/cohort.hpp"
#include "federation/placement.hpp"

namespace fedorbit {
namespace {

constexpr std::int64_t length = 10;

Layout two_tensors() {
  Layout layout;
  layout.add({"first", {2, 3}, Owner::shared});
  layout.add({"second", {4}, Owner::shared});
  return layout;
}

/// Also sends one number of its own per client.
class Counting final : public Strategy {
 public:
  Lengths extras(const Layout&) const override { return {{"count", 1}}; }
};

struct Cohort {
  Tensor updates;                     // (N, length)
  std::vector<std::int64_t> weights;  // N
  std::vector<bool> finite = std::vector<bool>(weights.size(), true);
  std::int64_t group_size = 2;
};

Cohort normal_cohort(std::int64_t clients, double scale) {
  Cohort cohort{at::empty({clients, length}), {}};
  Stream stream = Keys(3).stream(Purpose::test, std::uint64_t(clients));
  stream.fill_normal({cohort.updates.mutable_data_ptr<float>(), std::size_t(clients * length)}, scale);
  for (std::int64_t k = 0; k < clients; ++k) cohort.weights.push_back(1 + std::int64_t(stream.below(1000)));
  cohort.finite.assign(std::size_t(clients), true);
  return cohort;
}

/// What the server is given, computed by all ranks of the communicator together.
Sums aggregated(const Cohort& cohort, const std::string& mode, Communicator& communicator,
                const Strategy& strategy = FedAvg()) {
  const Layout layout = two_tensors();
  const Aggregation aggregation(layout, strategy, mode);
  std::vector<ClientId> clients;
  for (std::size_t k = 0; k < cohort.weights.size(); ++k) clients.push_back(ClientId(k));
  const Groups groups = make_groups(clients, cohort.group_size);
  const Placement placement(groups, std::vector<double>(groups.size(), 1), communicator.size());
  std::vector<TurnOutcome> turns;
  for (const auto& group : placement.of_rank(communicator.rank())) {
    TurnOutcome turn;
    turn.clients = group;
    const auto K = std::int64_t(group.size());
    turn.upload.update = cohort.updates.narrow(0, group.front(), K);
    turn.upload.weight = at::tensor(cohort.weights).narrow(0, group.front(), K);
    turn.finite.assign(cohort.finite.begin() + group.front(), cohort.finite.begin() + group.front() + K);
    turn.upload.extras["count"] = at::ones({K, 1});
    turns.push_back(turn);
  }
  Tensor largest = aggregation.largest(turns);
  communicator.all_reduce(largest, Reduce::max);
  std::int64_t weight = 0, count = 0;
  for (std::size_t k = 0; k < cohort.weights.size(); ++k)
    if (cohort.finite[k]) weight += cohort.weights[k], ++count;
  return aggregation.sum(turns, largest, weight, count, communicator);
}

struct Mean {
  std::vector<long double> value, bound;  // of the exact mode
};

/// The weighted mean in long double, and how far the exact mode may be from it: count^2 2^-62 of the tensor's largest
/// term for the integers, and the roundings of products (float64) and of the result (float32).
Mean analytic(const Cohort& cohort) {
  Mean mean{std::vector<long double>(length), std::vector<long double>(length)};
  long double weight = 0, count = 0;
  for (std::size_t k = 0; k < cohort.weights.size(); ++k)
    if (cohort.finite[k]) weight += cohort.weights[k], ++count;
  const long double divisor = std::max(weight, 1.0L);
  for (std::int64_t i = 0; i < length; ++i) {
    long double sum = 0, magnitudes = 0, largest = 0;
    for (std::int64_t k = 0; k < std::int64_t(cohort.weights.size()); ++k) {
      if (!cohort.finite[std::size_t(k)]) continue;
      const auto w = (long double)(cohort.weights[std::size_t(k)]);
      const long double term = w * cohort.updates[k][i].item<float>();
      sum += term, magnitudes += std::abs(term);
      for (std::int64_t j = i < 6 ? 0 : 6; j < (i < 6 ? 6 : length); ++j)
        largest = std::max(largest, std::abs(w * cohort.updates[k][j].item<float>()));
    }
    mean.value[std::size_t(i)] = sum / divisor;
    mean.bound[std::size_t(i)] = (count * count * std::ldexp(largest, -62) + std::ldexp(magnitudes, -51)) / divisor +
                                 std::ldexp(std::abs(sum / divisor), -24) + 0x1p-150L;
  }
  return mean;
}

void expect_mean(const Cohort& cohort, const Tensor& actual) {
  const Mean mean = analytic(cohort);
  ASSERT_EQ(actual.scalar_type(), at::kFloat);
  for (std::int64_t i = 0; i < length; ++i) {
    const auto error = std::abs((long double)(actual[i].item<float>()) - mean.value[std::size_t(i)]);
    EXPECT_TRUE(error <= mean.bound[std::size_t(i)])
        << "element " << i << ": " << actual[i].item<float>() << " for " << double(mean.value[std::size_t(i)]);
  }
}

/// The mean is right, and has the bits that one process alone gives.
void expect_exact(const Cohort& cohort) {
  const auto communicator = make_communicator("mpi");
  SingleCommunicator alone;
  const Tensor together = aggregated(cohort, "exact", *communicator).mean_update;
  expect_mean(cohort, together);
  EXPECT_TRUE(at::equal(together, aggregated(cohort, "exact", alone).mean_update));
  Cohort grouped = cohort;
  grouped.group_size = 5;
  EXPECT_TRUE(at::equal(together, aggregated(grouped, "exact", *communicator).mean_update));
}

TEST(ExactAggregation, is_the_weighted_mean_with_the_same_bits_on_any_number_of_ranks) {
  for (const std::int64_t clients : {2, 3, 11, 40}) expect_exact(normal_cohort(clients, 1e-3));
}

TEST(ExactAggregation, of_one_client_is_its_update) {
  const Cohort one = normal_cohort(1, 1);
  expect_exact(one);
  SingleCommunicator alone;
  EXPECT_TRUE(at::allclose(aggregated(one, "exact", alone).mean_update, one.updates[0], 1.2e-7, 0));
}

TEST(ExactAggregation, is_not_moved_by_clients_without_weight) {
  Cohort cohort = normal_cohort(9, 1);
  cohort.weights[0] = cohort.weights[4] = 0;
  cohort.updates[4].fill_(1e6);
  expect_exact(cohort);
}

TEST(ExactAggregation, where_nobody_has_weight_does_not_move) {
  Cohort cohort = normal_cohort(5, 1);
  cohort.weights.assign(5, 0);
  const auto communicator = make_communicator("mpi");
  for (const char* mode : {"exact", "float64", "float32"})
    EXPECT_TRUE(at::equal(aggregated(cohort, mode, *communicator).mean_update, at::zeros({length})));
}

TEST(ExactAggregation, holds_at_any_magnitude_of_updates_and_weights) {
  for (const double scale : {1e-30, 1e-45, 1e30, 1e37})
    for (const std::int64_t weight : {std::int64_t{1}, std::int64_t{1} << 40}) {
      Cohort cohort = normal_cohort(13, scale);
      for (auto& w : cohort.weights) w = weight;
      expect_exact(cohort);
    }
  Cohort zeros = normal_cohort(4, 1);
  zeros.updates.zero_();
  expect_exact(zeros);
}

TEST(ExactAggregation, does_not_overflow_where_all_clients_are_at_the_largest_number) {
  for (const float value : {3.4028235e38f, -3.4028235e38f, 1.4e-45f}) {
    Cohort cohort = normal_cohort(64, 1);
    cohort.updates.fill_(value);
    expect_exact(cohort);
  }
}

TEST(ExactAggregation, scales_every_tensor_on_its_own) {
  Cohort cohort = normal_cohort(7, 1);
  cohort.updates.narrow(1, 0, 6).mul_(1e30);
  cohort.updates.narrow(1, 6, 4).mul_(1e-30);
  expect_exact(cohort);
}

TEST(ExactAggregation, leaves_out_what_is_not_finite_and_averages_the_others_exactly) {
  Cohort cohort = normal_cohort(8, 1);
  cohort.updates[2][3] = NAN;
  cohort.updates[5].fill_(INFINITY);
  cohort.finite[2] = cohort.finite[5] = false;
  expect_exact(cohort);
  // As if the two had not been there at all.
  SingleCommunicator alone;
  Cohort others = cohort;
  others.updates =
      at::cat({cohort.updates.narrow(0, 0, 2), cohort.updates.narrow(0, 3, 2), cohort.updates.narrow(0, 6, 2)});
  others.weights = {cohort.weights[0], cohort.weights[1], cohort.weights[3],
                    cohort.weights[4], cohort.weights[6], cohort.weights[7]};
  others.finite.assign(6, true);
  EXPECT_TRUE(
      at::equal(aggregated(cohort, "exact", alone).mean_update, aggregated(others, "exact", alone).mean_update));
}

TEST(FloatingAggregation, is_the_weighted_mean_up_to_rounding) {
  const auto communicator = make_communicator("mpi");
  const Cohort cohort = normal_cohort(40, 1);
  const Mean mean = analytic(cohort);
  for (const auto& [mode, tolerance] : {std::pair{"float64", 1e-7}, std::pair{"float32", 2e-6}}) {
    const Tensor actual = aggregated(cohort, mode, *communicator).mean_update;
    EXPECT_EQ(actual.scalar_type(), at::kFloat);
    for (std::int64_t i = 0; i < length; ++i)
      EXPECT_NEAR(actual[i].item<float>(), double(mean.value[std::size_t(i)]), tolerance) << mode;
  }
}

TEST(Aggregation, sums_what_a_strategy_sends_besides_without_weights) {
  const auto communicator = make_communicator("mpi");
  for (const char* mode : {"exact", "float64", "float32"}) {
    const Sums sums = aggregated(normal_cohort(11, 1), mode, *communicator, Counting());
    EXPECT_EQ(sums.extras.at("count").item<float>(), 11) << mode;
    EXPECT_EQ(sums.clients, 11);
  }
}

}  // namespace
}  // namespace fedorbit
