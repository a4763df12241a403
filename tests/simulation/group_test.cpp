// K clients in training: what they are told, and that a GPU's records do what it would do step by step.
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

/// Each client is told to start somewhere else, except in the first round.
struct Scattered final : FedAvg {
  Download download(const Server& server, ClientId client) override {
    if (server.round == 0) return {server.global, {}};
    return {server.global + double(client), {}};
  }
};

/// A strategy that looks at a second point, which nobody knows to be everyone's.
struct Perturbed final : FedAvg {
  Tensor gradient(const GradientAt& at, const Tensor& shared, Turn& turn) override {
    return at(shared + 0.1 * at(shared));
  }
};

TEST(Group, says_that_clients_are_alike_where_all_have_what_the_server_sent) {
  for (const bool scattered : {false, true}) {
    Federation federation;
    if (scattered) federation.strategy = std::make_unique<Scattered>();
    federation.experiment.training.rounds = 2;
    int alike = 0;
    federation.learner.watch = [&](const Turn& turn) {
      EXPECT_EQ(turn.alike, turn.step == 0 && turn.clients.size() > 1 && !(scattered && turn.round > 0));
      alike += turn.alike;
    };
    SingleCommunicator alone;
    federation.run(alone);
    EXPECT_GT(alike, 0);
  }
}

TEST(Group, says_nothing_of_points_that_a_strategy_asks_about) {
  Federation federation;
  federation.strategy = std::make_unique<Perturbed>();
  std::int64_t calls = 0;
  federation.learner.watch = [&](const Turn& turn) {
    EXPECT_EQ(turn.alike, turn.step == 0 && turn.clients.size() > 1 && calls % 2 == 0);
    ++calls;
  };
  SingleCommunicator alone;
  federation.run(alone);
  EXPECT_GT(calls, 0);
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
