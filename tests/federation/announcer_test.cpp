// What watchers are told beside the records of rounds.
#include "federation/announcer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "comm/single.hpp"

namespace fedorbit {
namespace {

struct Listener final : Observer {
  std::vector<EventRecord> events;
  void happened(const EventRecord& event) override { events.push_back(event); }
};

TEST(Announcer, warns_of_a_global_model_whose_loss_is_not_finite) {
  SingleCommunicator communicator;
  Listener listener;
  Announcer announcer({&listener}, {}, communicator);
  const auto loss = [](const char* scope, double value) {
    Score score;
    score.scope = scope, score.split = "test", score.metric = "loss", score.value = value;
    return score;
  };
  announcer.warn_of_losses({loss(scope::global, 3.1), loss(scope::personal, NAN)}, 4);
  EXPECT_TRUE(listener.events.empty());
  announcer.warn_of_losses({loss(scope::global, NAN)}, 4);
  ASSERT_EQ(listener.events.size(), 1u);
  EXPECT_EQ(listener.events[0].round, 3);
  EXPECT_THAT(listener.events[0].message, testing::HasSubstr("after 4 rounds the global model's loss on test images"));
}

}  // namespace
}  // namespace fedorbit
