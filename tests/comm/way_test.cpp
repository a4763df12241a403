// Ways in which sums may go: tried where there are several, the same one taken by every rank.
#include "comm/way.hpp"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "comm/factory.hpp"
#include "comm/mpi.hpp"

namespace fedorbit {
namespace {

using testing::HasSubstr;

/// One that has two names for the CPU.
struct TwoWays final : MpiCommunicator {
  std::vector<at::Device> devices() const override { return {at::Device(at::kCPU), at::Device(at::kCPU, 0)}; }
  std::string remark() const override { return "It has two names."; }
};

TEST(Ways, that_are_one_are_not_measured_and_move_nothing) {
  const auto communicator = make_communicator("auto");
  const Traffic before = communicator->ledger().sum();
  EXPECT_THAT(choose_way(1000, *communicator), HasSubstr("the only one here: nothing was measured"));
  EXPECT_TRUE(communicator->ledger().sum() == before);
  EXPECT_EQ(communicator->device(), at::Device(at::kCPU));
}

TEST(Ways, that_are_several_are_measured_and_every_rank_takes_the_same) {
  TwoWays communicator;
  const std::string said = choose_way(1000, communicator);
  EXPECT_THAT(said, testing::AllOf(HasSubstr("sums of 7.8 KiB go from"), HasSubstr("from cpu in"),
                                   HasSubstr("from cpu:0 in"), testing::EndsWith(" ms. It has two names.")));
  for (const std::string& other : communicator.all_gather_text(said + communicator.device().str()))
    EXPECT_EQ(other, said + communicator.device().str());
}

TEST(Ways, over_an_mpi_that_is_not_handed_gpu_memory_are_one_and_say_why) {
  MpiCommunicator communicator;
  communicator.stage_on_host("it was built without");
  EXPECT_EQ(communicator.name(), "mpi");
  EXPECT_THAT(choose_way(1000, communicator),
              testing::EndsWith("measured. GPU memory goes through pinned host memory: it was built without."));
  const at::Device gpu(at::kCUDA, 0);
  communicator.hand_over(gpu);
  EXPECT_EQ(communicator.name(), "mpi_device");
  EXPECT_THAT(communicator.devices(), testing::ElementsAre(at::Device(at::kCPU), gpu));
}

TEST(Ways, bring_the_sum_back_to_where_the_numbers_lie) {
  TwoWays communicator;
  for (const at::Device device : communicator.devices()) {
    communicator.move_from(device);
    Tensor numbers = at::arange(10);
    sum_by_way(numbers, communicator);
    EXPECT_TRUE(at::equal(numbers, at::arange(10) * communicator.size()));
  }
}

}  // namespace
}  // namespace fedorbit
