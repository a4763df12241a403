// K clients in training: what a GPU records must be what it would do step by step. Skipped where there is no GPU.
#include "simulation/group.hpp"

#include <ATen/Context.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "comm/single.hpp"
#include "support/toy.hpp"

namespace fedorbit {
namespace {

using toy::Federation;

/// The global parameters after a few rounds of four steps and more a client.
Tensor trained(at::Device device, bool graph, const std::string& optimiser) {
  Federation federation(device);
  federation.experiment.machine.graph = graph;
  federation.experiment.optimiser.kind = optimiser;
  federation.experiment.optimiser.schedule = "cosine";
  SingleCommunicator alone;
  federation.run(alone);
  return federation.global;
}

TEST(Group, recorded_by_a_gpu_trains_to_the_same_bits_as_step_by_step) {
  if (!at::hasCUDA()) GTEST_SKIP() << "no GPU";
  ::setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", 0);
  at::globalContext().setDeterministicAlgorithms(true, false);
  const at::Device device(at::kCUDA, 0);
  const c10::impl::VirtualGuardImpl gpu(at::kCUDA);
  const c10::Stream before = gpu.exchangeStream(gpu.getStreamFromGlobalPool(device));
  for (const char* optimiser : {"sgd", "adam", "adamw"}) {
    const Tensor stepped = trained(device, false, optimiser);
    EXPECT_TRUE(at::equal(trained(device, true, optimiser), stepped)) << optimiser;
    EXPECT_TRUE(at::allclose(trained(at::kCPU, true, optimiser), stepped, 1e-4, 1e-5)) << optimiser;
  }
  gpu.exchangeStream(before);
  at::globalContext().setDeterministicAlgorithms(false, false);
}

/// Turns share a group's tensors: what one leaves there must not be seen by the next.
TEST(Group, trains_a_second_time_as_if_it_were_the_first) {
  Federation federation;
  federation.strategy = std::make_unique<toy::ControlVariates>();
  SingleCommunicator alone;
  const Simulation simulation = federation.simulation(alone);
  Workshop& workshop = *federation.workshop;
  const FindRow nothing = [](ClientId) { return nullptr; };
  const auto turn_of = [&](const std::vector<ClientId>& clients) {
    return take_turn(workshop, simulation.server(), clients, nothing);
  };
  const TurnOutcome first = turn_of({0, 1, 2}), other = turn_of({3, 4, 5}), again = turn_of({0, 1, 2});
  EXPECT_TRUE(at::equal(first.upload.update, again.upload.update));
  EXPECT_TRUE(at::equal(first.upload.extras.at("change"), again.upload.extras.at("change")));
  EXPECT_TRUE(at::equal(first.rows, again.rows));
  EXPECT_TRUE(at::equal(first.diagnostics, again.diagnostics));
  EXPECT_EQ(first.loss, again.loss);
  EXPECT_FALSE(at::equal(first.upload.update, other.upload.update));
}

}  // namespace
}  // namespace fedorbit
