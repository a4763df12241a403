// What belongs to clients, on its way between ranks, rounds and runs.
#include "federation/client_store.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "comm/factory.hpp"
#include "core/keys.hpp"
#include "federation/cohort.hpp"

namespace fedorbit {
namespace {

constexpr std::int64_t row_length = 3;

Tensor row_of(ClientId client, std::int64_t round) { return at::full({row_length}, double(client * 100 + round)); }

Tensor row_in(const ClientStore& store, ClientId client) {
  const Tensor row = at::empty({row_length});
  store.read(client, 0, row);
  return row;
}

/// With room in memory for so many rows; the others are in a file. They move one at a time.
struct Stores : testing::TestWithParam<std::int64_t> {
  std::unique_ptr<Communicator> communicator = make_communicator("mpi");
  const RowShelf::Room room{GetParam() * row_length * std::int64_t(sizeof(float)),
                            std::filesystem::temp_directory_path(), 1};
  ClientStore store{row_length, room};
  std::map<ClientId, std::int64_t> last;  // the round whose row each client has

  Placement placed(const std::vector<ClientId>& clients, std::int64_t size = 1) const {
    const Groups groups = make_groups(clients, size);
    return Placement(groups, std::vector<double>(groups.size(), 1), communicator->size());
  }
  bool mine(const Placement& placement, std::size_t group) const {
    return placement.rank_of(group) == communicator->rank();
  }
  /// Every rank finds what the clients it is given kept last, and trains them: their rows are then of this round.
  void play(const std::vector<ClientId>& cohort, std::int64_t round, const std::vector<ClientId>& dropped = {}) {
    const Placement placement = placed(cohort);
    std::vector<ClientId> kept;
    for (const auto& [client, round_of_row] : last)
      if (std::ranges::find(cohort, client) != cohort.end()) kept.push_back(client);
    EXPECT_EQ(store.gather_at(placement, *communicator), kept) << "every rank knows who has a row";
    for (std::size_t g = 0; g < cohort.size(); ++g) {
      const ClientId client = cohort[g];
      if (!mine(placement, g)) continue;
      EXPECT_EQ(store.has(client), last.contains(client)) << "client " << client << " in round " << round;
      if (store.has(client)) {
        EXPECT_TRUE(at::equal(row_in(store, client), row_of(client, last[client])))
            << "client " << client << " in round " << round;
      }
      store.stage({client}, row_of(client, round).unsqueeze(0));
    }
    store.commit(dropped);
    for (const ClientId client : cohort)
      if (!std::ranges::binary_search(dropped, client)) last[client] = round;
  }
  /// The rows at the root are those of these clients and rounds.
  void expect_rows(const std::vector<std::pair<ClientId, std::int64_t>>& expected) {
    const ClientRows everything = store.everything(*communicator);
    std::vector<ClientId> clients;
    for (const auto& [client, round] : expected) clients.push_back(client);
    EXPECT_EQ(everything.clients, communicator->root() ? clients : std::vector<ClientId>());
    std::size_t next = 0;
    everything.visit([&](const Tensor& row) {
      const auto [client, round] = expected.at(next++);
      EXPECT_TRUE(at::equal(row, row_of(client, round))) << "client " << client;
    });
    EXPECT_EQ(next, communicator->root() ? expected.size() : 0);
  }
};

TEST_P(Stores, have_no_row_of_a_client_that_never_took_part) {
  play({1, 2}, 0);
  store.gather_at(placed({5}), *communicator);
  EXPECT_FALSE(store.has(5));
}

TEST_P(Stores, bring_rows_to_the_rank_that_trains_their_client_next) {
  // The same clients stand at other places of these cohorts, and so with other ranks: many at once, too.
  const std::vector<ClientId> all{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, first{0, 1, 2, 3, 4}, second{5, 6, 7, 8, 9};
  std::int64_t round = 0;
  for (const auto& cohort : {all, {3, 7}, first, second, all, {7}, {0, 2, 4, 6, 7}, all}) play(cohort, round++);
  expect_rows({{0, 7}, {1, 7}, {2, 7}, {3, 7}, {4, 7}, {5, 7}, {6, 7}, {7, 7}, {8, 7}, {9, 7}});
}

TEST_P(Stores, keep_rows_of_random_cohorts_over_many_rounds) {
  for (std::int64_t round = 0; round < 40; ++round)
    play(draw_cohort(17, cohort_size(17, round % 2 ? 0.2 : 0.7), round, Keys(1)), round);
  expect_rows({last.begin(), last.end()});
}

TEST_P(Stores, show_staged_rows_only_when_they_are_committed) {
  play({0, 1, 2, 3}, 0);
  const Placement placement = placed({0, 1, 2, 3});
  for (std::size_t g = 0; g < 4; ++g)
    if (mine(placement, g)) store.stage({ClientId(g)}, row_of(ClientId(g), 1).unsqueeze(0));
  for (std::size_t g = 0; g < 4; ++g)
    if (mine(placement, g)) {
      EXPECT_TRUE(at::equal(row_in(store, ClientId(g)), row_of(ClientId(g), 0)));
    }
  store.discard();
  expect_rows({{0, 0}, {1, 0}, {2, 0}, {3, 0}});
  play({1, 2}, 2);  // what was discarded does not come back with a later commit
  expect_rows({{0, 0}, {1, 2}, {2, 2}, {3, 0}});
}

TEST_P(Stores, leave_dropped_clients_with_what_they_had) {
  play({0, 1, 2, 3}, 0, {1});  // client 1 has nothing yet, and keeps nothing
  expect_rows({{0, 0}, {2, 0}, {3, 0}});
  play({3, 1, 0}, 1, {0});
  expect_rows({{0, 0}, {1, 1}, {2, 0}, {3, 1}});
  play({0, 1, 2, 3}, 2);
  expect_rows({{0, 2}, {1, 2}, {2, 2}, {3, 2}});
}

TEST_P(Stores, go_on_from_collected_rows) {
  play({0, 1, 2, 3, 4}, 0);
  play({1, 4}, 1);
  ClientRows everything = store.everything(*communicator);
  std::vector<Tensor> rows;
  everything.visit([&](const Tensor& row) { rows.push_back(row.clone()); });
  everything.visit = [&](const ClientRows::Take& take) {
    for (const Tensor& row : rows) take(row);
  };
  store = ClientStore(row_length, room);
  if (communicator->root()) store.restore(everything);
  expect_rows({{0, 0}, {1, 1}, {2, 0}, {3, 0}, {4, 1}});
  play({2, 4}, 2);
  expect_rows({{0, 0}, {1, 1}, {2, 2}, {3, 0}, {4, 2}});
}

TEST_P(Stores, without_personal_parameters_keep_and_move_nothing) {
  store = ClientStore(0);
  const Placement placement = placed({0, 1, 2});
  for (std::size_t g = 0; g < 3; ++g)
    if (mine(placement, g)) store.stage({ClientId(g)}, at::empty({1, 0}));
  store.commit({});
  communicator->ledger().take();
  store.gather_at(placed({2}), *communicator);
  EXPECT_EQ(communicator->ledger().sum()[Collective::exchange].calls, 0);
  EXPECT_TRUE(store.everything(*communicator).clients.empty());
}

TEST_P(Stores, read_a_part_of_a_row) {
  store.stage({3}, at::tensor({1.f, 2.f, 3.f}).unsqueeze(0));
  store.commit({});
  const Tensor part = at::empty({2});
  store.read(3, 1, part);
  EXPECT_TRUE(at::equal(part, at::tensor({2.f, 3.f})));
}

INSTANTIATE_TEST_SUITE_P(InFiles, Stores, testing::Values(0));
INSTANTIATE_TEST_SUITE_P(InMemoryAndInFiles, Stores, testing::Values(2));
INSTANTIATE_TEST_SUITE_P(InMemory, Stores, testing::Values(1000));

}  // namespace
}  // namespace fedorbit
