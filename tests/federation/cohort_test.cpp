// Who takes part in a round, and who is trained with whom.
#include "federation/cohort.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "federation/placement.hpp"

namespace fedorbit {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::Le;
using testing::SizeIs;

const Keys keys(7);

TEST(Cohort, has_the_share_of_clients_that_is_asked_for_and_at_least_one) {
  EXPECT_THAT(draw_cohort(10, cohort_size(10, 0.3), 0, keys), SizeIs(3));
  EXPECT_THAT(draw_cohort(10, cohort_size(10, 0.25), 0, keys), SizeIs(3)) << "2.5 is rounded";
  EXPECT_THAT(draw_cohort(10, cohort_size(10, 0), 0, keys), SizeIs(1));
  EXPECT_THAT(draw_cohort(1, cohort_size(1, 0.3), 0, keys), ElementsAre(0));
  EXPECT_THAT(draw_cohort(4, cohort_size(4, 1), 5, keys), ElementsAre(0, 1, 2, 3));
}

TEST(Cohort, is_ascending_without_repetition_and_among_the_clients) {
  for (std::int64_t round = 0; round < 200; ++round) {
    const auto cohort = draw_cohort(20, cohort_size(20, 0.45), round, keys);
    ASSERT_THAT(cohort, SizeIs(9));
    EXPECT_TRUE(std::ranges::adjacent_find(cohort, std::greater_equal<>()) == cohort.end());
    EXPECT_GE(cohort.front(), 0);
    EXPECT_LT(cohort.back(), 20);
  }
}

TEST(Cohort, is_a_function_of_seed_and_round) {
  EXPECT_EQ(draw_cohort(1000, cohort_size(1000, 0.1), 3, keys), draw_cohort(1000, cohort_size(1000, 0.1), 3, Keys(7)));
  EXPECT_NE(draw_cohort(1000, cohort_size(1000, 0.1), 3, keys), draw_cohort(1000, cohort_size(1000, 0.1), 4, keys));
  EXPECT_NE(draw_cohort(1000, cohort_size(1000, 0.1), 3, keys), draw_cohort(1000, cohort_size(1000, 0.1), 3, Keys(8)));
}

TEST(Cohort, takes_every_client_equally_often) {
  constexpr std::int64_t clients = 10, rounds = 5000;
  std::vector<double> times(clients, 0);
  std::vector<double> together(clients, 0);  // with client 0
  for (std::int64_t round = 0; round < rounds; ++round) {
    const auto cohort = draw_cohort(clients, cohort_size(clients, 0.3), round, keys);
    for (const ClientId client : cohort) ++times[std::size_t(client)];
    if (cohort.front() == 0)
      for (const ClientId client : cohort) ++together[std::size_t(client)];
  }
  // Binomial with p = 3/10: mean 1500, deviation 32; pairs p = 1/15: mean 333, deviation 18. Five deviations.
  for (ClientId client = 0; client < clients; ++client) {
    EXPECT_NEAR(times[std::size_t(client)], 1500, 5 * 32.4);
    if (client > 0) {
      EXPECT_NEAR(together[std::size_t(client)], rounds / 15.0, 5 * 17.6);
    }
  }
}

TEST(Cohort, of_a_trillion_clients_costs_its_own_size) {
  const auto cohort = draw_cohort(1'000'000'000'000, cohort_size(1'000'000'000'000, 1e-9), 0, keys);
  EXPECT_THAT(cohort, SizeIs(1000));
  EXPECT_GT(cohort.back(), 900'000'000'000) << "the last clients are drawn too";
  EXPECT_THAT(draw_cohort(1'000'000, cohort_size(1'000'000, 0.1), 0, keys), SizeIs(100'000));
}

TEST(EvaluatedClients, are_the_same_at_every_call_and_all_of_a_small_federation) {
  EXPECT_EQ(draw_evaluated(5000, 40, keys), draw_evaluated(5000, 40, keys));
  EXPECT_THAT(draw_evaluated(5000, 40, keys), SizeIs(40));
  EXPECT_THAT(draw_evaluated(3, 40, keys), ElementsAre(0, 1, 2));
  EXPECT_THAT(draw_evaluated(3, 0, keys), SizeIs(0));
}

TEST(Groups, are_consecutive_pieces_of_the_cohort) {
  EXPECT_THAT(make_groups({1, 4, 5, 7, 9}, 2), ElementsAre(ElementsAre(1, 4), ElementsAre(5, 7), ElementsAre(9)));
  EXPECT_THAT(make_groups({1, 4}, 8), ElementsAre(ElementsAre(1, 4)));
  EXPECT_THAT(make_groups({}, 8), SizeIs(0));
}

TEST(Placement, gives_every_group_to_one_rank_and_shares_them_evenly) {
  for (const int ranks : {1, 2, 3, 4, 7, 50})
    for (const std::size_t groups : {1, 2, 3, 5, 8, 40}) {
      std::vector<ClientId> clients(groups);
      std::iota(clients.begin(), clients.end(), 0);
      const Placement placement(make_groups(clients, 1), std::vector<double>(groups, 1), ranks);
      std::vector<std::size_t> counts;
      Groups all;
      for (int rank = 0; rank < ranks; ++rank) {
        const Groups mine = placement.of_rank(rank);
        counts.push_back(mine.size());
        all.insert(all.end(), mine.begin(), mine.end());
      }
      std::ranges::sort(all);
      EXPECT_EQ(all, placement.groups());
      EXPECT_LE(std::ranges::max(counts) - std::ranges::min(counts), 1u) << groups << " groups on " << ranks;
      EXPECT_EQ(placement.most_clients(), std::ranges::max(counts));
    }
}

TEST(Placement, counts_the_clients_of_the_fullest_rank) {
  const Placement placement(make_groups({0, 1, 2, 3, 4, 5, 6}, 3), {1, 5, 4}, 2);
  EXPECT_EQ(placement.rank_of(1), 0);  // the longest first
  EXPECT_EQ(placement.rank_of(2), 1);
  EXPECT_EQ(placement.rank_of(0), 1);  // to the rank with less to do
  EXPECT_EQ(placement.most_clients(), 4u);
}

}  // namespace
}  // namespace fedorbit
