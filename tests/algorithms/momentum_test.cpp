// Encoders that follow the one that is trained (BYOL, MoCo): who has them, how they begin, and MoCo's queue.
#include "algorithms/self_supervised.hpp"

namespace fedorbit {
namespace {

/// Those with a momentum encoder.
class Momentum : public testing::TestWithParam<std::string> {
 protected:
  Held held(const std::vector<std::string>& options = {}) const {
    return Held(made(GetParam(), joined(joined(residual, sizes.at(GetParam())), options)));
  }
};

TEST_P(Momentum, costs_neither_a_gradient_nor_an_optimiser_nor_a_byte) {
  Held of_turn = held(), of_client = held({"kept=client"});
  const Layout& layout = of_turn.learner->layout();
  EXPECT_EQ(layout.trained(Owner::turn) + of_client.learner->layout().trained(Owner::personal), 0);
  EXPECT_GT(layout.size(Owner::turn), layout.size(Owner::shared) / 2);
  EXPECT_EQ(layout.size(Owner::personal), 0);
  EXPECT_EQ(of_client.learner->layout().size(Owner::personal), layout.size(Owner::turn));
  EXPECT_EQ(of_client.learner->layout().size(Owner::shared), layout.size(Owner::shared)) << "what is sent";
  for (const Entry& entry : layout.entries())
    EXPECT_EQ(entry.owner == Owner::turn, entry.name.starts_with("momentum.") || entry.name == "queue") << entry.name;
}

TEST_P(Momentum, begins_as_the_model_that_was_received) {
  Held one = held();
  one.parameters["conv1.weight"].detach().add_(1);
  one.learner->initialise(one.parameters, Owner::turn, one.clients, Keys(1));
  EXPECT_TRUE(at::equal(one.value("momentum.conv1.weight"), one.value("conv1.weight")));
  EXPECT_TRUE(at::equal(one.value("momentum.projector.0.weight"), one.value("projector.0.weight")));
}

TEST_P(Momentum, of_a_client_that_is_through_stays_as_it_is) {
  Held one = held();
  one.parameters["conv1.weight"].detach().add_(1);
  const Tensor before = one.parameters.flat(Owner::turn).clone();
  one.batch.active.zero_();
  one.step();
  EXPECT_TRUE(at::equal(one.parameters.flat(Owner::turn), before));
}

INSTANTIATE_TEST_SUITE_P(all, Momentum, testing::Values("byol", "moco"), [](const auto& info) { return info.param; });

TEST(Moco, puts_the_keys_of_the_first_gradient_of_a_step_where_the_oldest_were) {
  Held once(made("moco", joined(residual, sizes.at("moco")))), twice(made("moco", joined(residual, sizes.at("moco"))));
  const Tensor before = once.value("queue").clone();
  once.step();
  const Tensor after = once.value("queue");
  EXPECT_TRUE(at::equal(after.narrow(0, 6, 3), before.narrow(0, 0, 3)));
  EXPECT_FALSE(at::equal(after.narrow(0, 0, 6), before.narrow(0, 0, 6)));
  twice.learner->loss(twice.parameters, twice.batch, twice.turn);
  twice.batch.images = 2 * twice.batch.images.flip({4}) + 1;
  twice.turn.again = true;
  twice.step();
  EXPECT_TRUE(at::equal(twice.value("queue"), after));
}

TEST(Moco, refuses_a_queue_that_is_longer_than_the_data) {
  const auto learner = made("moco", joined(residual, sizes.at("moco")));
  EXPECT_EQ(learner->refusal(9), "");
  EXPECT_THAT(learner->refusal(8), testing::HasSubstr("moco.queue = 9 keys are more than that"));
}

}  // namespace
}  // namespace fedorbit
