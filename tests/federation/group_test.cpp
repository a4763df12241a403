// K clients in training: what they are told, and that a GPU's records do what it would do step by step.
#include "federation/group.hpp"

#include <ATen/Context.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>

#include "algorithms/learners/prompt.hpp"
#include "comm/single.hpp"
#include "model/checkpoints/clip_tensors.hpp"
#include "support/toy.hpp"

namespace fedorbit {
namespace {

using toy::Federation;

/// The global parameters after a few rounds of four steps and more a client.
Tensor trained(at::Device device, bool graph, const std::string& optimiser, std::int64_t together) {
  Federation federation(device);
  federation.experiment.training.group_size = together;
  federation.experiment.machine.graph = graph;
  federation.experiment.optimiser.kind = optimiser;
  federation.experiment.optimiser.schedule = "cosine";
  SingleCommunicator alone;
  federation.run(alone);
  return federation.global;
}

/// What three clients upload of their third turn of learning prompts: by then a GPU replays both of its recordings.
Tensor prompts_of_a_third_turn(at::Device device, bool graph) {
  Federation federation(device);
  federation.experiment.machine.graph = graph;
  SingleCommunicator alone;
  federation.simulation(alone);  // for its parts
  const Tokenizer tokenizer("r i\nri v\nriv e\nrive r</w>\nr u\nru n\nrun w\n", "this test");
  Clip clip{
      {toy::width, {{32, 1, 2, 64}, 8, 4}, {{32, 2, 2, 128}, 24, tokenizer.vocabulary_size()}}, {}, tokenizer, ""};
  clip.tensors = initialise_clip(clip.config, Keys(5).stream(Purpose::test));
  federation.parts.learner = std::make_shared<PromptLearner>(
      PromptOptions{.context = 2}, material_of(clip.to(at::TensorOptions(device)), {"river", "river run", "air"}));
  Workshop workshop = federation.parts.workshop(federation.experiment, federation.samples);
  const Simulation simulation(workshop, alone, {}, {}, [](const State&) {});
  TurnOutcome outcome;
  for (int turn = 0; turn < 3; ++turn) outcome = toy::turn_of(workshop, simulation.server(), {0, 1, 2});
  return outcome.upload.update;
}

/// Calls `check` with a GPU as a run prepares it.
void on_a_gpu(const std::function<void(at::Device)>& check) {
  ::setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", 0);
  at::globalContext().setDeterministicAlgorithms(true, false);
  const at::Device device(at::kCUDA, 0);
  const c10::impl::VirtualGuardImpl gpu(at::kCUDA);
  const c10::Stream before = gpu.exchangeStream(gpu.getStreamFromGlobalPool(device));
  check(device);
  gpu.exchangeStream(before);
  at::globalContext().setDeterministicAlgorithms(false, false);
}

TEST(Group, recorded_by_a_gpu_trains_to_the_same_bits_as_step_by_step) {
  if (!at::hasCUDA()) GTEST_SKIP() << "no GPU";
  on_a_gpu([](at::Device device) {
    for (const char* optimiser : {"sgd", "adam", "adamw"})
      for (const std::int64_t together : {2, 1}) {  // alone, a client's last batch is of another shape
        const Tensor stepped = trained(device, false, optimiser, together);
        EXPECT_TRUE(at::equal(trained(device, true, optimiser, together), stepped)) << optimiser;
        EXPECT_TRUE(at::allclose(trained(at::kCPU, true, optimiser, together), stepped, 1e-4, 1e-5)) << optimiser;
      }
  });
}

TEST(Group, recorded_by_a_gpu_learns_the_same_prompts_as_step_by_step) {
  EXPECT_TRUE(at::equal(prompts_of_a_third_turn(at::kCPU, true), prompts_of_a_third_turn(at::kCPU, false)));
  EXPECT_GT(prompts_of_a_third_turn(at::kCPU, true).abs().max().item<float>(), 0);
  if (!at::hasCUDA()) GTEST_SKIP() << "no GPU";
  on_a_gpu([](at::Device device) {
    const Tensor stepped = prompts_of_a_third_turn(device, false), here = prompts_of_a_third_turn(at::kCPU, true);
    EXPECT_TRUE(at::equal(prompts_of_a_third_turn(device, true), stepped));
    EXPECT_LT(((stepped - here).norm() / here.norm()).item<double>(), 1e-3);
  });
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
    if (scattered) federation.strategy = std::make_shared<Scattered>();
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
  federation.strategy = std::make_shared<Perturbed>();
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
  federation.strategy = std::make_shared<toy::ControlVariates>();
  SingleCommunicator alone;
  const Simulation simulation = federation.simulation(alone);
  Workshop& workshop = *federation.workshop;
  const auto turn_of = [&](const std::vector<ClientId>& clients) {
    return toy::turn_of(workshop, simulation.server(), clients);
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
