// What belongs to clients, on its way between ranks, rounds and runs.
#include "simulation/client_store.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "comm/factory.hpp"
#include "core/keys.hpp"
#include "simulation/cohort.hpp"

namespace fedorbit {
namespace {

constexpr std::int64_t row_length = 3;

Tensor row_of(ClientId client, std::int64_t round) { return at::full({row_length}, double(client * 100 + round)); }

struct Stores : testing::Test {
  std::unique_ptr<Communicator> communicator = make_communicator("mpi");
  ClientStore store{row_length};

  Placement placed(const std::vector<ClientId>& clients, std::int64_t size = 1) const {
    return Placement(make_groups(clients, size), communicator->size());
  }
  bool mine(const Placement& placement, std::size_t group) const {
    return placement.rank_of(group) == communicator->rank();
  }
  /// Every rank trains its clients of the cohort: their rows are of this round.
  void play(const std::vector<ClientId>& cohort, std::int64_t round, const std::vector<ClientId>& dropped = {}) {
    const Placement placement = placed(cohort);
    store.gather_at(placement, *communicator);
    for (std::size_t g = 0; g < cohort.size(); ++g)
      if (mine(placement, g)) store.stage(cohort[g], row_of(cohort[g], round));
    store.commit(placement, dropped);
  }
  /// The rows at the root are those of these clients and rounds.
  void expect_rows(const std::vector<std::pair<ClientId, std::int64_t>>& expected) {
    const auto everything = store.collect(*communicator);
    if (!communicator->root()) {
      EXPECT_TRUE(everything.clients.empty());
      return;
    }
    std::vector<ClientId> clients;
    for (const auto& [client, round] : expected) clients.push_back(client);
    ASSERT_EQ(everything.clients, clients);
    for (std::size_t i = 0; i < expected.size(); ++i)
      EXPECT_TRUE(at::equal(everything.rows[std::int64_t(i)], row_of(expected[i].first, expected[i].second)))
          << "client " << expected[i].first;
  }
};

TEST_F(Stores, have_no_row_of_a_client_that_never_took_part) {
  play({1, 2}, 0);
  store.gather_at(placed({5}), *communicator);
  EXPECT_EQ(store.find(5), nullptr);
}

TEST_F(Stores, bring_rows_to_the_rank_that_trains_their_client_next) {
  // The same client stands at different places of these cohorts, and so with different ranks.
  const std::vector<std::vector<ClientId>> cohorts{{0, 1, 2, 3, 4, 5, 6, 7}, {3, 7}, {0, 2, 4, 6, 7}, {7}, {0, 1, 2, 3, 4, 5, 6, 7}};
  std::map<ClientId, std::int64_t> last;
  for (std::size_t round = 0; round < cohorts.size(); ++round) {
    const Placement placement = placed(cohorts[round]);
    store.gather_at(placement, *communicator);
    for (std::size_t g = 0; g < cohorts[round].size(); ++g) {
      const ClientId client = cohorts[round][g];
      if (!mine(placement, g)) continue;
      const Tensor* row = store.find(client);
      if (!last.contains(client)) {
        EXPECT_EQ(row, nullptr);
      } else {
        EXPECT_TRUE(row != nullptr && at::equal(*row, row_of(client, last[client]))) << "client " << client;
      }
    }
    play(cohorts[round], std::int64_t(round));
    for (const ClientId client : cohorts[round]) last[client] = std::int64_t(round);
  }
  expect_rows({{0, 4}, {1, 4}, {2, 4}, {3, 4}, {4, 4}, {5, 4}, {6, 4}, {7, 4}});
}

TEST_F(Stores, keep_rows_of_random_cohorts_over_many_rounds) {
  std::map<ClientId, std::int64_t> last;
  for (std::int64_t round = 0; round < 30; ++round) {
    const auto cohort = draw_cohort(17, 0.3, round, Keys(1));
    play(cohort, round);
    for (const ClientId client : cohort) last[client] = round;
  }
  expect_rows({last.begin(), last.end()});
}

TEST_F(Stores, show_staged_rows_only_when_they_are_committed) {
  play({0, 1, 2, 3}, 0);
  const Placement placement = placed({0, 1, 2, 3});
  for (std::size_t g = 0; g < 4; ++g)
    if (mine(placement, g)) store.stage(ClientId(g), row_of(ClientId(g), 1));
  for (std::size_t g = 0; g < 4; ++g)
    if (mine(placement, g)) EXPECT_TRUE(at::equal(*store.find(ClientId(g)), row_of(ClientId(g), 0)));
  store.discard();
  expect_rows({{0, 0}, {1, 0}, {2, 0}, {3, 0}});
  play({1, 2}, 2);  // what was discarded does not come back with a later commit
  expect_rows({{0, 0}, {1, 2}, {2, 2}, {3, 0}});
}

TEST_F(Stores, leave_dropped_clients_with_what_they_had) {
  play({0, 1, 2, 3}, 0, {1});  // client 1 has nothing yet, and keeps nothing
  expect_rows({{0, 0}, {2, 0}, {3, 0}});
  play({3, 1, 0}, 1, {0});
  expect_rows({{0, 0}, {1, 1}, {2, 0}, {3, 1}});
  play({0, 1, 2, 3}, 2);
  expect_rows({{0, 2}, {1, 2}, {2, 2}, {3, 2}});
}

TEST_F(Stores, go_on_from_collected_rows) {
  play({0, 1, 2, 3, 4}, 0);
  play({1, 4}, 1);
  auto everything = store.collect(*communicator);
  everything.clients = {0, 1, 2, 3, 4};  // known everywhere, as resuming makes them
  store = ClientStore(row_length);
  store.restore(everything, *communicator);
  expect_rows({{0, 0}, {1, 1}, {2, 0}, {3, 0}, {4, 1}});
  play({2, 4}, 2);
  expect_rows({{0, 0}, {1, 1}, {2, 2}, {3, 0}, {4, 2}});
}

TEST_F(Stores, without_personal_parameters_keep_and_move_nothing) {
  store = ClientStore(0);
  const Placement placement = placed({0, 1, 2});
  for (std::size_t g = 0; g < 3; ++g)
    if (mine(placement, g)) store.stage(ClientId(g), at::empty({0}));
  store.commit(placement, {});
  communicator->take_traffic();
  store.gather_at(placed({2}), *communicator);
  EXPECT_EQ(communicator->traffic()[Collective::exchange].calls, 0);
  EXPECT_TRUE(store.collect(*communicator).clients.empty());
}

}  // namespace
}  // namespace fedorbit
