// Steps of servers and whole rounds of strategies against what their papers' formulas give.
#include "algorithms/group.hpp"

namespace fedorbit {
namespace {

/// What tests/golden/make_strategies.py computed in float64.
struct Golden : testing::Test {
  NamedTensors values = read_safetensors(golden / "strategies.safetensors").tensors;
};

/// Options other than the defaults, as the script has them, and one more.
StrategyOptions golden_options(const std::string& more = "fedema.tau=0.7") {
  return with<StrategyOptions>({more,
                                "fedu.learning_rate=0.9",
                                "fedu.mu=0.25",
                                "fedema.learning_rate=0.9",
                                "fedavg.learning_rate=0.7",
                                "fedavgm.learning_rate=0.6",
                                "fedavgm.momentum=0.8",
                                "fedadagrad.learning_rate=0.05",
                                "fedadagrad.beta1=0.3",
                                "fedadagrad.tau=0.02",
                                "fedadam.learning_rate=0.04",
                                "fedadam.beta1=0.85",
                                "fedadam.tau=0.03",
                                "fedadam.beta2=0.95",
                                "fedyogi.learning_rate=0.03",
                                "fedyogi.beta1=0.75",
                                "fedyogi.tau=0.01",
                                "fedyogi.beta2=0.9",
                                "scaffold.learning_rate=0.9",
                                "fedsam.learning_rate=0.9",
                                "fedsam.rho=0.3",
                                "fedlesam.learning_rate=0.9",
                                "fedlesam.rho=0.3"});
}

TEST_F(Golden, steps_of_servers_are_those_of_their_papers) {
  const Tensor start = values.at("start"), updates = values.at("updates");  // (P), (rounds, P)
  for (const char* name : {"fedavg", "fedavgm", "fedadagrad", "fedadam", "fedyogi"}) {
    const auto strategy = make_strategy(name, golden_options());
    Layout layout;
    layout.add({"w", {start.size(0)}, Owner::shared});
    Server server{start.clone(), {}, 0};
    for (const auto& [memory, length] : strategy->server_memories(layout)) server.memory[memory] = at::zeros({length});
    for (; server.round < updates.size(0); ++server.round) {
      strategy->aggregate(server, {updates[server.round], 7, 3, {}, 10});
      EXPECT_LT(relative(server.global - start, values.at(name)[server.round] - start), 1e-5)
          << name << ", round " << server.round;
    }
  }
}

/// Clients with quadratic losses, of which some take part in each round and take steps of their own number.
struct Quadratic {
  Tensor A, b;            // (N, P, P), (N, P)
  Tensor cohorts, steps;  // (rounds, K), (N)
  std::unique_ptr<Strategy> strategy;
  Layout layout;
  Server server;
  Tensor kept;  // (N, memories)

  Quadratic(const NamedTensors& values, const char* name, const StrategyOptions& options = golden_options())
      : A(values.at("scaffold.A")),
        b(values.at("scaffold.b")),
        cohorts(values.at("scaffold.cohorts")),
        steps(values.at("scaffold.steps")),
        strategy(make_strategy(name, options)) {
    layout.add({.name = "conv.weight", .shape = {2, 1, 1, 2}, .convolved = true});
    layout.add({.name = "predictor.weight", .shape = {b.size(1) - 4}});
    server.global = values.at("scaffold.start").clone();
    for (const auto& [memory, length] : strategy->server_memories(layout)) server.memory[memory] = at::zeros({length});
    std::int64_t length = 0;
    for (const auto& [memory, numbers] : strategy->memories(layout)) length += numbers;
    kept = at::zeros({b.size(0), length});
  }

  void play_round() {
    const Tensor cohort = cohorts[server.round];
    const std::int64_t K = cohort.size(0);
    const std::vector<ClientId> ids(cohort.const_data_ptr<std::int64_t>(), cohort.const_data_ptr<std::int64_t>() + K);
    Memory memory(K, strategy->memories(layout));
    memory.flat().copy_(kept.index_select(0, cohort));
    Diagnostics diagnostics({}, K);
    const Download sent = strategy->download(server, ids[0]);
    Turn turn{server.round, 0, ids, layout, sent.shared.expand({K, -1}), memory, diagnostics, Keys(1)};
    turn.learning_rate = 0.05;
    turn.steps = steps.index_select(0, cohort).to(at::kFloat);
    for (const auto& [name, extra] : sent.extras) turn.received[name] = extra.expand({K, -1});
    const Tensor own_A = A.index_select(0, cohort), own_b = b.index_select(0, cohort);
    const GradientAt at = [&](const Tensor& w) { return at::bmm(own_A, w.unsqueeze(2)).squeeze(2) - own_b; };
    Parameters parameters(layout, K);
    parameters.flat(Owner::shared).copy_(turn.start);
    strategy->receive(parameters, turn);
    Tensor w = parameters.flat(Owner::shared).clone();
    for (turn.step = 0; turn.step < turn.steps.max().item<float>(); ++turn.step)
      w = at::where((turn.steps > double(turn.step)).unsqueeze(1),
                    w - turn.learning_rate * strategy->gradient(at, w, turn), w);
    turn.trained = w;
    const Upload upload = strategy->upload(w - turn.start, turn);
    kept.index_copy_(0, cohort, memory.flat());
    Sums sums{upload.update.mean(0), K, K, {}, b.size(0)};
    for (const auto& [name, extra] : upload.extras) sums.extras[name] = extra.sum(0);
    strategy->aggregate(server, sums);
  }
};

TEST_F(Golden, rounds_of_scaffold_are_those_of_its_paper) {
  Quadratic federation(values, "scaffold");
  for (Server& server = federation.server; server.round < federation.cohorts.size(0); ++server.round) {
    federation.play_round();
    EXPECT_LT(relative(server.global, values.at("scaffold.global")[server.round]), 1e-5) << "round " << server.round;
    EXPECT_LT(relative(server.memory.at("c"), values.at("scaffold.c")[server.round]), 1e-4) << "round " << server.round;
    EXPECT_LT(relative(federation.kept, values.at("scaffold.kept")[server.round]), 1e-4) << "round " << server.round;
  }
}

TEST_F(Golden, rounds_that_look_for_flat_minima_are_those_of_their_papers) {
  for (const char* name : {"fedsam", "fedlesam"}) {
    Quadratic federation(values, name);
    const Tensor expected = values.at(std::string(name) + ".global");
    for (Server& server = federation.server; server.round < federation.cohorts.size(0); ++server.round) {
      federation.play_round();
      EXPECT_LT(relative(server.global, expected[server.round]), 1e-5) << name << ", round " << server.round;
    }
  }
}

TEST_F(Golden, rounds_in_which_clients_begin_with_their_own_are_those_of_their_papers) {
  for (const auto& [golden_name, name, option] : {std::tuple{"fedu", "fedu", "fedu.mu=0.25"},
                                                  {"fedema", "fedema", "fedema.tau=0.7"},
                                                  {"fedema.fixed", "fedema", "fedema.lambda=0.4"}}) {
    Quadratic federation(values, name, golden_options(option));
    const Tensor expected = values.at(std::string(golden_name) + ".global");
    for (Server& server = federation.server; server.round < federation.cohorts.size(0); ++server.round) {
      federation.play_round();
      EXPECT_LT(relative(server.global, expected[server.round]), 1e-5) << golden_name << ", round " << server.round;
    }
  }
}

}  // namespace
}  // namespace fedorbit
