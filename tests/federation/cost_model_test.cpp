// What groups cost is learned from rounds, and places them by it.
#include "federation/cost_model.hpp"

#include <gtest/gtest.h>

#include "comm/factory.hpp"

namespace fedorbit {
namespace {

/// Client c takes c steps.
CostModel model() {
  return CostModel([](ClientId client) { return std::int64_t(client); });
}

/// Steps as clients; beyond that every group takes as long as `fixed` steps.
const Groups one_long_four_short{{10}, {1}, {2}, {1}, {2}};
std::vector<double> seconds(double fixed) { return {10 + fixed, 1 + fixed, 2 + fixed, 1 + fixed, 2 + fixed}; }
std::size_t beside_the_long_one(CostModel& costs) { return costs.place(one_long_four_short, 2).of_rank(0).size() - 1; }

TEST(CostModel, places_by_clients_times_steps_before_any_round) {
  CostModel costs = model();
  const Placement placement = costs.place({{1, 2}, {9}, {3, 5}}, 2);  // work 4, 9, 10
  EXPECT_EQ(placement.rank_of(2), 0);
  EXPECT_EQ(placement.rank_of(1), 1);
  EXPECT_EQ(placement.rank_of(0), 1);
}

TEST(CostModel, learns_what_a_group_costs_however_little_work_it_has) {
  CostModel costs = model();
  EXPECT_EQ(beside_the_long_one(costs), 0u);
  costs.observe(costs.place(one_long_four_short, 2), seconds(10));
  EXPECT_EQ(beside_the_long_one(costs), 1u);
}

TEST(CostModel, forgets_rounds_that_are_long_over) {
  CostModel costs = model();
  costs.observe(costs.place(one_long_four_short, 2), seconds(10));
  for (int round = 0; round < 60; ++round) costs.observe(costs.place(one_long_four_short, 2), seconds(0));
  EXPECT_EQ(beside_the_long_one(costs), 0u);
}

TEST(CostModel, hears_of_a_group_what_the_turns_of_its_clients_took_whoever_reports_them) {
  const auto took = [](ClientId client, double seconds) {
    TurnRecord turn{};
    turn.client = client, turn.seconds = seconds;
    return turn;
  };
  const Placement placement = model().place({{1, 2}, {9}, {3, 5}}, 2);
  const std::vector<RankReport> reports{{{}, {took(9, 4)}}, {{}, {took(1, 0.5), took(2, 1), took(3, 2), took(5, 8)}}};
  EXPECT_EQ(seconds_of_groups(placement, reports), (std::vector<double>{1.5, 4, 10}));
}

TEST(CostModel, is_the_roots_on_every_rank) {
  const auto communicator = make_communicator("auto");
  CostModel costs = model();
  if (communicator->root()) costs.observe(costs.place(one_long_four_short, 2), seconds(10));
  costs.share(*communicator);
  EXPECT_EQ(beside_the_long_one(costs), 1u);
}

}  // namespace
}  // namespace fedorbit
