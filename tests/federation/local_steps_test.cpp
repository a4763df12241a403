// Which images the steps of a turn take, and how wide their batches are.
#include "federation/local_steps.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "comm/single.hpp"
#include "support/toy.hpp"

namespace fedorbit {
namespace {

/// The plan of these clients in round 3 of a toy federation with two local epochs.
LocalPlan planned(toy::Federation& federation, std::vector<ClientId> clients) {
  federation.experiment.training.local_epochs = 2;
  SingleCommunicator alone;
  federation.simulation(alone);  // for its parts
  return plan_turn(*federation.workshop, clients, 3);
}

TEST(LocalSteps, take_every_image_of_a_client_once_an_epoch_in_an_order_of_its_own) {
  toy::Federation federation;
  const LocalPlan plan = planned(federation, {4, 7});
  for (const std::size_t k : {0, 1}) {
    const auto owned = federation.parts.partition->shard(k == 0 ? 4 : 7).train;
    ASSERT_EQ(plan.samples[k], std::int64_t(owned.size()));
    std::vector<std::int64_t> taken;
    for (const Picks& picks : plan.picks) taken.insert(taken.end(), picks.images[k].begin(), picks.images[k].end());
    ASSERT_EQ(taken.size(), 2 * owned.size());
    const auto half = taken.begin() + std::ptrdiff_t(owned.size());
    EXPECT_FALSE(std::equal(taken.begin(), half, half)) << "both epochs in the same order";
    for (const auto& [begin, end] : {std::pair{taken.begin(), half}, {half, taken.end()}}) {
      std::sort(begin, end);
      EXPECT_TRUE(std::equal(begin, end, owned.begin()));
    }
  }
}

TEST(LocalSteps, of_clients_one_by_one_have_as_many_rows_as_images) {
  toy::Federation federation;
  federation.experiment.training.batch_size = 7;
  federation.experiment.training.group_size = 1;
  const LocalPlan plan = planned(federation, {4});
  bool shorter = false;
  for (const Picks& picks : plan.picks) {
    EXPECT_EQ(picks.width, std::int64_t(picks.images.front().size()));
    shorter |= picks.width < federation.experiment.training.batch_size;
  }
  EXPECT_TRUE(shorter) << "the client's images fill its last batch: nothing was tested";
  federation.experiment.training.group_size = 5;
  for (const auto& clients : {std::vector<ClientId>{4, 7}, {4}})
    for (const Picks& picks : planned(federation, clients).picks)
      EXPECT_EQ(picks.width, federation.experiment.training.batch_size) << "the same in all steps, whoever is there";
}

TEST(LocalSteps, are_no_wider_than_the_images_of_the_largest_client) {
  toy::Federation federation;
  federation.experiment.training.batch_size = 1000000;
  const LocalPlan plan = planned(federation, {4, 7});
  std::size_t largest = 0;
  for (ClientId client = 0; client < 11; ++client)
    largest = std::max(largest, federation.parts.partition->shard(client).train.size());
  EXPECT_EQ(plan.picks.front().width, std::int64_t(largest));
}

}  // namespace
}  // namespace fedorbit
