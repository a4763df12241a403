// The federated average against the analytic weighted mean, however clients are shared among ranks.
#include "federation/aggregation.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "algorithms/strategies/fedavg.hpp"
#include "comm/factory.hpp"
#include "comm/single.hpp"
#include "core/error.hpp"
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
  Extras extras(const Layout&) const override { return {{"count", {1}}}; }
};

struct Terms {
  Tensor updates;                     // (N, length)
  std::vector<std::int64_t> weights;  // N
  std::vector<bool> finite = std::vector<bool>(weights.size(), true);
  std::int64_t group_size = 2;
};

Terms normal_terms(std::int64_t clients, double scale) {
  Terms all{at::empty({clients, length}), {}};
  Stream stream = Keys(3).stream(Purpose::test, std::uint64_t(clients));
  stream.fill_normal({all.updates.mutable_data_ptr<float>(), std::size_t(clients * length)}, scale);
  for (std::int64_t k = 0; k < clients; ++k) all.weights.push_back(1 + std::int64_t(stream.below(1000)));
  all.finite.assign(std::size_t(clients), true);
  return all;
}

/// What this rank trains of them, group by group.
std::vector<TurnOutcome> turns_of(const Terms& all, const Communicator& communicator) {
  std::vector<ClientId> clients;
  for (std::size_t k = 0; k < all.weights.size(); ++k) clients.push_back(ClientId(k));
  const Groups groups = make_groups(clients, all.group_size);
  const Placement placement(groups, std::vector<double>(groups.size(), 1), communicator.size());
  std::vector<TurnOutcome> turns;
  for (const auto& group : placement.of_rank(communicator.rank())) {
    TurnOutcome turn;
    turn.clients = group;
    const auto K = std::int64_t(group.size());
    turn.upload.update = all.updates.narrow(0, group.front(), K);
    for (const ClientId client : group) {
      turn.weights.push_back(all.weights[std::size_t(client)]);
      turn.finite.push_back(all.finite[std::size_t(client)]);
    }
    turn.upload.extras["count"] = at::ones({K, 1});
    turns.push_back(turn);
  }
  return turns;
}

/// One attempt at a round: what the server is given, or the names of what was beyond its bound.
struct Attempt {
  Sums sums;
  std::vector<std::string> wider;
  std::vector<bool> beyond;  // of this rank's clients
};

Attempt attempt(Aggregation& aggregation, const Terms& all, Communicator& communicator,
                const Tensor& global = at::zeros({length})) {
  std::int64_t expected = 0, weight = 0, count = 0;
  for (std::size_t k = 0; k < all.weights.size(); ++k) {
    expected += all.weights[k];
    if (all.finite[k]) weight += all.weights[k], ++count;
  }
  aggregation.begin(global, std::int64_t(all.weights.size()), expected);
  Attempt out;
  for (const TurnOutcome& turn : turns_of(all, communicator))
    for (const bool beyond : aggregation.fold(turn)) out.beyond.push_back(beyond);
  Tensor exponents = at::tensor(aggregation.exponents(), at::kLong);
  communicator.all_reduce(exponents, Reduce::max);
  out.wider = aggregation.widen({exponents.const_data_ptr<std::int64_t>(), std::size_t(exponents.numel())});
  if (out.wider.empty()) out.sums = aggregation.close(count, weight, communicator);
  return out;
}

/// What the server is given, computed by all ranks of the communicator together, in two attempts at most.
Sums aggregated(const Terms& all, const std::string& mode, Communicator& communicator,
                const Strategy& strategy = FedAvg()) {
  Aggregation aggregation(two_tensors(), strategy, mode);
  const Attempt first = attempt(aggregation, all, communicator);
  return first.wider.empty() ? first.sums : attempt(aggregation, all, communicator).sums;
}

struct Mean {
  std::vector<long double> value, bound;  // of the exact mode
};

/// The weighted mean in long double, and how far the exact mode may be from it: 2^-62 of the bound for each integer,
/// where the weights are known up to a power of two, and the roundings of products (float64) and of the result
/// (float32).
Mean analytic(const Terms& all) {
  Mean mean{std::vector<long double>(length), std::vector<long double>(length)};
  long double weight = 0, count = 0, expected = 0;
  for (std::size_t k = 0; k < all.weights.size(); ++k) {
    expected += all.weights[k];
    if (all.finite[k]) weight += all.weights[k], ++count;
  }
  const long double divisor = std::max(weight, 1.0L);
  for (std::int64_t i = 0; i < length; ++i) {
    long double sum = 0, magnitudes = 0, bound = 256;
    for (std::int64_t k = 0; k < std::int64_t(all.weights.size()); ++k) {
      if (!all.finite[std::size_t(k)]) continue;
      const auto w = (long double)(all.weights[std::size_t(k)]);
      const long double term = w * all.updates[k][i].item<float>();
      sum += term, magnitudes += std::abs(term);
      for (std::int64_t j = i < 6 ? 0 : 6; j < (i < 6 ? 6 : length); ++j)
        bound = std::max(bound, 2 * std::abs((long double)(all.updates[k][j].item<float>())));
    }
    mean.value[std::size_t(i)] = sum / divisor;
    mean.bound[std::size_t(i)] =
        (count * 2 * std::max(expected, 1.0L) * std::ldexp(bound, -62) + std::ldexp(magnitudes, -51)) / divisor +
        std::ldexp(std::abs(sum / divisor), -24) + 0x1p-150L;
  }
  return mean;
}

void expect_mean(const Terms& all, const Tensor& actual) {
  const Mean mean = analytic(all);
  ASSERT_EQ(actual.scalar_type(), at::kFloat);
  for (std::int64_t i = 0; i < length; ++i) {
    const auto error = std::abs((long double)(actual[i].item<float>()) - mean.value[std::size_t(i)]);
    EXPECT_TRUE(error <= mean.bound[std::size_t(i)])
        << "element " << i << ": " << actual[i].item<float>() << " for " << double(mean.value[std::size_t(i)]);
  }
}

/// The mean is right, and has the bits that one process alone gives.
void expect_exact(const Terms& all) {
  const auto communicator = make_communicator("mpi");
  SingleCommunicator alone;
  const Tensor together = aggregated(all, "exact", *communicator).mean_update;
  expect_mean(all, together);
  EXPECT_TRUE(at::equal(together, aggregated(all, "exact", alone).mean_update));
  Terms grouped = all;
  grouped.group_size = 5;
  EXPECT_TRUE(at::equal(together, aggregated(grouped, "exact", *communicator).mean_update));
}

TEST(ExactAggregation, is_the_weighted_mean_with_the_same_bits_on_any_number_of_ranks) {
  for (const std::int64_t clients : {2, 3, 11, 40}) expect_exact(normal_terms(clients, 1e-3));
}

TEST(ExactAggregation, of_one_client_is_its_update) {
  const Terms one = normal_terms(1, 1);
  expect_exact(one);
  SingleCommunicator alone;
  EXPECT_TRUE(at::allclose(aggregated(one, "exact", alone).mean_update, one.updates[0], 1.2e-7, 0));
}

TEST(ExactAggregation, is_not_moved_by_clients_without_weight) {
  Terms all = normal_terms(9, 1);
  all.weights[0] = all.weights[4] = 0;
  all.updates[4].fill_(1e6);
  expect_exact(all);
}

TEST(ExactAggregation, where_nobody_has_weight_does_not_move) {
  Terms all = normal_terms(5, 1);
  all.weights.assign(5, 0);
  const auto communicator = make_communicator("mpi");
  for (const char* mode : {"exact", "float64", "float32"})
    EXPECT_TRUE(at::equal(aggregated(all, mode, *communicator).mean_update, at::zeros({length})));
}

TEST(ExactAggregation, holds_at_any_magnitude_of_updates_and_weights) {
  for (const double scale : {1e-30, 1e-45, 1e30, 1e37})
    for (const std::int64_t weight : {std::int64_t{1}, std::int64_t{1} << 40}) {
      Terms all = normal_terms(13, scale);
      for (auto& w : all.weights) w = weight;
      expect_exact(all);
    }
  Terms zeros = normal_terms(4, 1);
  zeros.updates.zero_();
  expect_exact(zeros);
}

TEST(ExactAggregation, does_not_overflow_where_all_clients_are_at_the_largest_number) {
  for (const float value : {3.4028235e38f, -3.4028235e38f, 1.4e-45f}) {
    Terms all = normal_terms(64, 1);
    all.updates.fill_(value);
    expect_exact(all);
  }
}

TEST(ExactAggregation, scales_every_tensor_on_its_own) {
  Terms all = normal_terms(7, 1);
  all.updates.narrow(1, 0, 6).mul_(1e30);
  all.updates.narrow(1, 6, 4).mul_(1e-30);
  expect_exact(all);
}

TEST(ExactAggregation, leaves_out_what_is_not_finite_and_averages_the_others_exactly) {
  Terms all = normal_terms(8, 1);
  all.updates[2][3] = NAN;
  all.updates[5].fill_(INFINITY);
  all.finite[2] = all.finite[5] = false;
  expect_exact(all);
  // As if the two had not been there at all, but for the scale, which was known before.
  SingleCommunicator alone;
  Terms others = all;
  others.updates = at::cat({all.updates.narrow(0, 0, 2), all.updates.narrow(0, 3, 2), all.updates.narrow(0, 6, 2)});
  others.weights = {all.weights[0], all.weights[1], all.weights[3], all.weights[4], all.weights[6], all.weights[7]};
  others.finite.assign(6, true);
  EXPECT_TRUE(at::allclose(aggregated(all, "exact", alone).mean_update, aggregated(others, "exact", alone).mean_update,
                           1e-7, 1e-12));
}

TEST(ExactAggregation, with_a_value_beyond_its_bound_is_repeated_with_the_bound_that_all_ranks_need) {
  const auto communicator = make_communicator("mpi");
  Terms all = normal_terms(12, 1);
  all.updates[3][1] = 300;   // beyond 2^8
  all.updates[9][2] = -5e6;  // on another rank, where there is one
  Aggregation aggregation(two_tensors(), FedAvg(), "exact");
  const Attempt first = attempt(aggregation, all, *communicator);
  EXPECT_EQ(first.wider, std::vector<std::string>{"first"});
  Tensor beyond = at::full({1}, std::int64_t(std::ranges::count(first.beyond, true)), at::kLong);
  communicator->all_reduce(beyond);
  EXPECT_EQ(beyond.item<std::int64_t>(), 2);
  const Attempt second = attempt(aggregation, all, *communicator);
  EXPECT_TRUE(second.wider.empty());
  expect_mean(all, second.sums.mean_update);
  // The bound is kept: the next such round is not repeated, here nor where it is restored.
  EXPECT_TRUE(attempt(aggregation, all, *communicator).wider.empty());
  Aggregation resumed(two_tensors(), FedAvg(), "exact");
  resumed.restore(aggregation.bounds());
  const Attempt again = attempt(resumed, all, *communicator);
  EXPECT_TRUE(again.wider.empty());
  EXPECT_TRUE(at::equal(again.sums.mean_update, second.sums.mean_update));
  EXPECT_THROW(resumed.restore(at::zeros({5}, at::kLong)), Error);
}

TEST(ExactAggregation, expects_updates_of_the_size_of_the_parameters) {
  SingleCommunicator alone;
  Terms all = normal_terms(3, 1);
  all.updates[1][8] = 1e6;
  Tensor global = at::ones({length});
  global[0] = 1e4;
  Aggregation aggregation(two_tensors(), FedAvg(), "exact"), larger = aggregation;
  EXPECT_EQ(attempt(aggregation, all, alone, global).wider, std::vector<std::string>{"second"});
  global[7] = 1e4;
  EXPECT_TRUE(attempt(larger, all, alone, global).wider.empty());
}

TEST(ExactAggregation, expects_extras_within_the_bound_that_their_strategy_declares) {
  struct Large final : FedAvg {
    double bound = 256;
    Extras extras(const Layout&) const override { return {{"large", {2, bound}}}; }
  } strategy;
  TurnOutcome turn;
  turn.clients = {0};
  turn.weights = {5};
  turn.finite = {true};
  turn.upload = {at::zeros({1, length}), {{"large", at::full({1, 2}, 1000.0)}}};
  for (const double bound : {256.0, 2048.0}) {
    strategy.bound = bound;
    Aggregation aggregation(two_tensors(), strategy, "exact");
    aggregation.begin(at::zeros({length}), 1, 5);
    EXPECT_EQ(aggregation.fold(turn), std::vector<bool>{bound < 1000});
    EXPECT_EQ(aggregation.widen(aggregation.exponents()).size(), bound < 1000 ? 1u : 0u);
  }
}

TEST(FloatingAggregation, is_the_weighted_mean_up_to_rounding) {
  const auto communicator = make_communicator("mpi");
  const Terms all = normal_terms(40, 1);
  const Mean mean = analytic(all);
  for (const auto& [mode, tolerance] : {std::pair{"float64", 1e-7}, std::pair{"float32", 2e-6}}) {
    const Tensor actual = aggregated(all, mode, *communicator).mean_update;
    EXPECT_EQ(actual.scalar_type(), at::kFloat);
    for (std::int64_t i = 0; i < length; ++i)
      EXPECT_NEAR(actual[i].item<float>(), double(mean.value[std::size_t(i)]), tolerance) << mode;
  }
}

TEST(Aggregation, sums_what_a_strategy_sends_besides_without_weights) {
  const auto communicator = make_communicator("mpi");
  for (const char* mode : {"exact", "float64", "float32"}) {
    const Sums sums = aggregated(normal_terms(11, 1), mode, *communicator, Counting());
    EXPECT_EQ(sums.extras.at("count").item<float>(), 11) << mode;
    EXPECT_EQ(sums.clients, 11);
  }
}

}  // namespace
}  // namespace fedorbit
