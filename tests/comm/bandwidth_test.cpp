// Bandwidths as nccl-tests define them, on numbers worked by hand.
#include "comm/bandwidth.hpp"

#include <gtest/gtest.h>

namespace fedorbit {

TEST(Bandwidth, Algorithm_bandwidth_is_the_message_size_over_time) {
  EXPECT_DOUBLE_EQ(algorithm_bandwidth(Collective::all_reduce, 1e9, 4, 0.5), 2e9);
  for (const Collective gathering : {Collective::all_gather, Collective::gather})
    EXPECT_DOUBLE_EQ(algorithm_bandwidth(gathering, 1e9, 4, 0.5), 8e9);  // four rows
}

TEST(Bandwidth, Bus_bandwidth_weighs_by_what_crosses_each_link) {
  EXPECT_DOUBLE_EQ(bus_bandwidth(Collective::all_reduce, 1e9, 4, 1), 1.5e9);
  EXPECT_DOUBLE_EQ(bus_bandwidth(Collective::all_gather, 1e9, 4, 1), 3e9);
  EXPECT_DOUBLE_EQ(bus_bandwidth(Collective::gather, 1e9, 4, 1), 3e9);
  EXPECT_DOUBLE_EQ(bus_bandwidth(Collective::agree, 1e9, 4, 1), 1.5e9);
  EXPECT_DOUBLE_EQ(bus_bandwidth(Collective::exchange, 1e9, 4, 1), 0.75e9);
  EXPECT_DOUBLE_EQ(bus_bandwidth(Collective::broadcast, 1e9, 4, 1), 1e9);
}

TEST(Bandwidth, Nothing_timed_and_nobody_else_give_zero) {
  EXPECT_EQ(algorithm_bandwidth(Collective::broadcast, 1e9, 4, 0), 0);
  EXPECT_EQ(bus_bandwidth(Collective::all_reduce, 1e9, 1, 1), 0);
}

}  // namespace fedorbit
