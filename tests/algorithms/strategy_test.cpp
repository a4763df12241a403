// What every registered strategy must keep.
#include "algorithms/group.hpp"
#include "support/toy.hpp"

namespace fedorbit {
namespace {

Layout layout_of(std::int64_t shared) {
  Layout layout;
  layout.add({"first", {3, 4}, Owner::shared});
  layout.add({"own", {5}, Owner::personal});
  layout.add({"second", {shared - 12}, Owner::shared});
  return layout;
}

constexpr std::int64_t size = 40, clients = 3;

/// A server before its first round, with the memories that the strategy declares.
Server server_of(const Strategy& strategy) {
  Server server{normal({size}, 2, 2), {}, 0};
  for (const auto& [name, length] : strategy.server_memories(layout_of(size)))
    server.memory[name] = at::zeros({length});
  return server;
}

Sums sums_of(const Strategy& strategy, const Tensor& mean) {
  Sums sums{mean, 7, clients, {}, 10};
  for (const auto& [name, extra] : strategy.extras(layout_of(size))) sums.extras[name] = at::zeros({extra.length});
  return sums;
}

/// A turn of three clients, with the memories that the strategy declares and what its server sends.
struct Hands {
  Layout layout = layout_of(size);
  std::vector<ClientId> ids{4, 7, 9};
  Memory memory;
  Diagnostics diagnostics{{}, clients};
  Turn turn{0, 0, ids, layout, normal({clients, size}, 1, 1), memory, diagnostics, Keys(1)};
  explicit Hands(Strategy& strategy) : memory(clients, strategy.memories(layout)) {
    turn.learning_rate = 0.1;
    turn.steps = at::tensor({3.0f, 0.0f, 1.0f});
    turn.active = at::ones({clients});
    turn.trained = turn.start;
    for (const auto& [name, extra] : strategy.download(server_of(strategy), 4).extras)
      turn.received[name] = extra.expand({clients, extra.size(0)});
  }
};

/// The registered ones, and one with everything that a strategy can have.
std::unique_ptr<Strategy> make(const std::string& name) {
  if (name == "control_variates") return std::make_unique<toy::ControlVariates>();
  return make_strategy(name, {});
}
std::vector<std::string> all_strategies() {
  auto names = strategy_names();
  names.push_back("control_variates");
  return names;
}

class EveryStrategy : public testing::TestWithParam<std::string> {
 protected:
  std::unique_ptr<Strategy> strategy = make(GetParam());
};

TEST_P(EveryStrategy, returns_the_global_vector_to_the_bit_when_nobody_learned) {
  Hands hands(*strategy);
  Server server = server_of(*strategy);
  const Tensor before = server.global.clone();
  for (int round = 0; round < 3; ++round) {
    const Upload upload = strategy->upload(at::zeros({clients, size}), hands.turn);
    Sums sums = sums_of(*strategy, at::zeros({size}));
    for (const auto& [name, extra] : upload.extras) sums.extras[name] = extra.sum(0);
    strategy->aggregate(server, sums);
    EXPECT_TRUE(at::equal(server.global, before));
  }
}

TEST_P(EveryStrategy, hands_on_an_update_of_every_client) {
  Hands hands(*strategy);
  const Tensor update = normal({clients, size}, 3, 3);
  EXPECT_EQ(strategy->upload(update, hands.turn).update.sizes(), update.sizes());
}

TEST_P(EveryStrategy, sends_the_extras_that_it_declares) {
  Hands hands(*strategy);
  const Upload upload = strategy->upload(at::zeros({clients, size}), hands.turn);
  auto declared = strategy->extras(hands.layout);
  std::erase_if(declared, [](const auto& extra) { return !extra.second.sent; });
  EXPECT_EQ(upload.extras.size(), declared.size());
  for (const auto& [name, extra] : declared) {
    EXPECT_EQ(upload.extras.at(name).sizes(), (at::IntArrayRef{clients, extra.length})) << name;
    EXPECT_GT(extra.bound, 0) << name;
  }
}

TEST_P(EveryStrategy, moves_the_global_vector_by_what_came_together) {
  Server server = server_of(*strategy);
  const Tensor before = server.global.clone(), mean = normal({size}, 4, 4);
  strategy->aggregate(server, sums_of(*strategy, mean));
  EXPECT_EQ(server.global.sizes(), before.sizes());
  EXPECT_GT(((server.global - before) * mean).sum().item<double>(), 0) << "not in the direction of the mean update";
}

/// Every rank takes the server's step by itself.
TEST_P(EveryStrategy, comes_to_the_same_server_from_the_same_sums) {
  Server one = server_of(*strategy), other = server_of(*strategy);
  for (int round = 0; round < 2; ++round) {
    const Tensor mean = normal({size}, 4, std::uint64_t(round));
    strategy->aggregate(one, sums_of(*strategy, mean.clone()));
    strategy->aggregate(other, sums_of(*strategy, mean.clone()));
  }
  EXPECT_TRUE(at::equal(one.global, other.global));
  for (const auto& [name, vector] : one.memory) EXPECT_TRUE(at::equal(vector, other.memory.at(name))) << name;
}

/// A run makes room for nothing else, and memory_check.hpp counts nothing else.
TEST_P(EveryStrategy, keeps_at_the_server_what_it_declares) {
  Server server = server_of(*strategy);
  strategy->aggregate(server, sums_of(*strategy, normal({size}, 4, 4)));
  const auto declared = strategy->server_memories(layout_of(size));
  EXPECT_EQ(server.memory.size(), declared.size());
  for (const auto& [name, length] : declared) {
    EXPECT_EQ(server.memory.at(name).sizes(), at::IntArrayRef{length}) << name;
    EXPECT_EQ(server.memory.at(name).scalar_type(), at::kFloat) << name;
  }
  EXPECT_EQ(server.global.scalar_type(), at::kFloat);
}

/// As under method.personal = "*".
TEST_P(EveryStrategy, takes_rounds_in_which_nothing_is_shared) {
  Layout alone;
  alone.add({"own", {5}, Owner::personal});
  Server server{at::zeros({0}), {}, 0};
  for (const auto& [name, length] : strategy->server_memories(alone)) server.memory[name] = at::zeros({length});
  Sums sums{at::zeros({0}), 7, clients, {}, 10};
  for (const auto& [name, extra] : strategy->extras(alone)) sums.extras[name] = at::zeros({extra.length});
  strategy->aggregate(server, sums);
  EXPECT_EQ(server.global.numel(), 0);
}

TEST_P(EveryStrategy, sends_each_client_a_whole_shared_vector) {
  const Server server = server_of(*strategy);
  for (const ClientId client : {0, 3}) EXPECT_TRUE(at::equal(strategy->download(server, client).shared, server.global));
}

TEST_P(EveryStrategy, follows_the_plain_gradient_from_where_the_turn_began) {
  Hands hands(*strategy);
  const Tensor plain = normal({clients, size}, 5, 5);
  int asked = 0;
  const Tensor direction =
      strategy->gradient([&](const Tensor&) { return ++asked, plain.clone(); }, hands.turn.start, hands.turn);
  EXPECT_GE(asked, 1);
  EXPECT_LT(relative(direction, plain), 1e-6);
}

INSTANTIATE_TEST_SUITE_P(all, EveryStrategy, testing::ValuesIn(all_strategies()),
                         [](const auto& info) { return info.param; });

TEST(FedAvg, follows_the_plain_gradient_wherever_it_is) {
  const auto strategy = make_strategy("fedavg", {});
  Hands hands(*strategy);
  const Tensor plain = normal({clients, size}, 5, 5);
  EXPECT_TRUE(
      at::equal(strategy->gradient([&](const Tensor&) { return plain; }, hands.turn.start + 1, hands.turn), plain));
}

TEST(FedProx, follows_the_gradient_of_the_loss_with_its_quadratic_pull) {
  const double mu = 0.37;
  const auto strategy = make_strategy("fedprox", with<StrategyOptions>({"fedprox.mu=0.37"}));
  Hands hands(*strategy);
  // loss(w) = sum (w^3 + a w), which is 3 w^2 + a after differentiation.
  const Tensor a = normal({clients, size}, 6, 6);
  const GradientAt at = [&](const Tensor& w) { return 3 * w * w + a; };
  const Tensor here = (hands.turn.start + normal({clients, size}, 7, 7)).requires_grad_();
  const Tensor pull = (here - hands.turn.start).square().sum() * (mu / 2);
  ((here.pow(3) + a * here).sum() + pull).backward();
  EXPECT_LT(relative(strategy->gradient(at, here.detach(), hands.turn), here.grad()), 1e-6);
}

TEST(FedProx, without_a_pull_is_fedavg_to_the_bit) {
  const auto strategy = make_strategy("fedprox", with<StrategyOptions>({"fedprox.mu=0"}));
  Hands hands(*strategy);
  const Tensor plain = normal({clients, size}, 5, 5);
  EXPECT_TRUE(
      at::equal(strategy->gradient([&](const Tensor&) { return plain; }, hands.turn.start + 1, hands.turn), plain));
}

TEST(Scaffold, refuses_local_optimisers_that_its_control_variates_do_not_fit) {
  const auto strategy = make_strategy("scaffold", {});
  OptimiserOptions plain;
  plain.momentum = 0;
  strategy->check(plain, layout_of(size));
  for (const auto& change : std::vector<std::function<void(OptimiserOptions&)>>{
           [](auto& o) { o.kind = "adam"; }, [](auto& o) { o.momentum = 0.9; }, [](auto& o) { o.learning_rate = 0; }}) {
    OptimiserOptions options = plain;
    change(options);
    EXPECT_THAT(sentence([&] { strategy->check(options, layout_of(size)); }),
                testing::HasSubstr("optimiser.momentum = 0"));
  }
}

TEST(Scaffold, refuses_steps_of_different_lengths) {
  const auto strategy = make_strategy("scaffold", {});
  for (const auto& change : std::vector<std::function<void(OptimiserOptions&)>>{
           [](auto& o) { o.clip_norm = 1; }, [](auto& o) { o.schedule = "cosine", o.schedule_over = "steps"; }}) {
    OptimiserOptions options;
    options.momentum = 0;
    change(options);
    EXPECT_THAT(sentence([&] { strategy->check(options, layout_of(size)); }),
                testing::HasSubstr("all steps at one rate"));
  }
}

TEST(Scaffold, keeps_the_control_variate_of_a_client_that_takes_no_step) {
  const auto strategy = make_strategy("scaffold", {});
  Hands hands(*strategy);  // client 1 takes none
  hands.turn.received["c"] = at::ones({clients, size});
  hands.memory.flat().fill_(3);
  const Upload upload = strategy->upload(at::zeros({clients, size}), hands.turn);
  EXPECT_TRUE(at::equal(upload.extras.at("c")[1], at::zeros({size})));
  EXPECT_TRUE(at::equal(hands.memory.flat()[1], at::full({size}, 3.0)));
  EXPECT_TRUE(at::equal(hands.memory.flat()[0], at::full({size}, 2.0)));
}

Layout layout_of_encoder() {
  Layout layout;
  layout.add({.name = "conv.weight", .shape = {2, 1, 1, 3}, .convolved = true});
  layout.add({.name = "predictor.weight", .shape = {2, 2}});
  layout.add({.name = "fc.weight", .shape = {3}});
  return layout;
}

/// What two clients that have trained from `received` to `trained` (2, P) begin with where they then receive `again`.
Tensor begun_by(Strategy& strategy, const Tensor& received, const Tensor& trained, const Tensor& again) {
  const Layout layout = layout_of_encoder();
  const std::vector<ClientId> ids{4, 7};
  Memory memory(2, strategy.memories(layout));
  Diagnostics diagnostics({}, 2);
  Turn turn{0, 0, ids, layout, received, memory, diagnostics, Keys(1)};
  turn.trained = trained;
  Parameters parameters(layout, 2);
  parameters.flat(Owner::shared).copy_(received);
  EXPECT_FALSE(strategy.receive(parameters, turn)) << "who has trained nothing has nothing to begin with";
  EXPECT_TRUE(at::equal(parameters.flat(Owner::shared), received));
  strategy.upload(trained - received, turn);
  turn.start = again;
  const Tensor before = memory.flat().clone();
  for (int look = 0; look < 2; ++look) {  // exams look, too
    parameters.flat(Owner::shared).copy_(again);
    strategy.receive(parameters, turn);
  }
  EXPECT_TRUE(at::equal(memory.flat(), before)) << "what clients keep changes when they train alone";
  return parameters.flat(Owner::shared).clone();
}

TEST(FedU, goes_on_with_the_predictor_that_was_trained_to_the_bit_where_the_encoder_moved_far) {
  const auto strategy = make_strategy("fedu", with<StrategyOptions>({"fedu.mu=0.5"}));
  const Tensor received = normal({2, 13}, 1, 1), again = normal({2, 13}, 1, 2);
  Tensor trained = received + normal({2, 13}, 1, 3);
  trained[1].narrow(0, 0, 6).copy_(received[1].narrow(0, 0, 6) + 0.1);  // the other's encoder moved by 0.24
  Tensor expected = again.clone();
  expected[0].narrow(0, 6, 4).copy_(trained[0].narrow(0, 6, 4));
  EXPECT_TRUE(at::equal(begun_by(*strategy, received, trained, again), expected));
}

TEST(FedU, refuses_learners_without_a_predictor) {
  const auto strategy = make_strategy("fedu", {});
  EXPECT_NO_THROW(strategy->check({}, layout_of_encoder()));
  EXPECT_THAT(sentence([&] { strategy->check({}, layout_of(size)); }),
              testing::HasSubstr("no shared tensor is called predictor.*"));
}

TEST(FedEma, begins_between_its_own_model_and_the_global_one_by_their_distance) {
  const Tensor received = normal({2, 13}, 1, 1), again = normal({2, 13}, 1, 2), trained = normal({2, 13}, 1, 3);
  const auto far = make_strategy("fedema", with<StrategyOptions>({"fedema.lambda=1000"}));
  EXPECT_TRUE(at::equal(begun_by(*far, received, trained, again), trained)) << "not what was trained to the bit";
  const auto first = make_strategy("fedema", with<StrategyOptions>({"fedema.tau=0.25"}));
  EXPECT_LT(relative(begun_by(*first, received, trained, again), 0.25 * trained + 0.75 * again), 1e-6);
  const auto fixed = make_strategy("fedema", with<StrategyOptions>({"fedema.lambda=0.1"}));
  const Tensor apart = trained - again;  // without the predictor
  const Tensor mu = 0.1 * (apart.narrow(1, 0, 6).square().sum(1) + apart.narrow(1, 10, 3).square().sum(1)).sqrt();
  EXPECT_LT(mu.max().item<float>(), 1);
  EXPECT_LT(relative(begun_by(*fixed, received, trained, again), again + mu.unsqueeze(1) * apart), 1e-6);
}

TEST(Strategies, SayWhereTheyChangeNothing) {
  EXPECT_NE(make_strategy("fedprox", {})->idle(1).find("no client takes two"), std::string::npos);
  EXPECT_EQ(make_strategy("fedprox", {})->idle(2), "");
  EXPECT_EQ(make_strategy("fedavg", {})->idle(1), "");
}

}  // namespace
}  // namespace fedorbit
