// What a run expects of memory before its first round.
#include "federation/memory_check.hpp"

#include <gtest/gtest.h>

#include "federation/simulations.hpp"

namespace fedorbit {
namespace {

TEST(MemoryUses, count_rows_of_clients_as_far_as_they_may_lie_in_memory) {
  Federation federation;
  federation.strategy = std::make_shared<toy::ControlVariates>();
  federation.experiment.optimiser.momentum = 0;
  SingleCommunicator alone;
  federation.simulation(alone);
  const double row = double(federation.workshop->row_length() * std::int64_t(sizeof(float)));
  const auto fixed = [&](double rows, int ranks) {
    federation.experiment.machine.client_memory = rows * row / (1 << 30);
    std::vector<double> bytes;
    for (const MemoryUse& use : memory_uses(*federation.workshop, ranks)) bytes.push_back(use.fixed);
    return bytes;
  };
  const std::vector<double> without = fixed(0, 2), one = fixed(1, 2), all = fixed(1000, 2);
  ASSERT_EQ(without.size(), 3u);
  for (std::size_t i = 0; i < without.size(); ++i) {
    EXPECT_EQ(one[i] - without[i], row);
    EXPECT_EQ(all[i] - without[i], (6 + 3) * row) << "of 11 clients 6, of 6 that train in a round 3";
  }
}

TEST(MemoryUses, grow_with_the_group_by_what_each_client_takes) {
  Federation federation(at::kCPU, false);
  SingleCommunicator alone;
  federation.simulation(alone);
  const double weights = toy::classes * toy::width + 1;
  const auto uses = memory_uses(*federation.workshop, 1);
  EXPECT_EQ(uses.back().client, sizeof(float) * 3 * weights) << "parameters, gradient and momentum";
  EXPECT_EQ(uses.at(1).client, uses.back().client) << "the update has the gradient's place";
  EXPECT_GE(uses.at(0).client, uses.back().client);
}

}  // namespace
}  // namespace fedorbit
