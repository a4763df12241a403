// The small message of a round: every rank learns what it needs of the others, the root all.
#include "federation/round_message.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "comm/factory.hpp"

namespace fedorbit {
namespace {

/// What rank r would report: r clients (none on rank 0), the loss of the second not a number.
RankReport report_of(int rank) {
  RankReport report;
  for (const Phase phase : {Phase::encoding, Phase::training}) {
    Spent& spent = report.spent.emplace_back(phase == Phase::encoding ? -1 : 7, phase, 0.5 + rank);
    for (std::size_t c = 1; c < spent.traffic.costs.size(); ++c)
      spent.traffic.costs[c] = {rank + std::int64_t(c), (std::int64_t{1} << 45) + rank, 0.25 * double(c), 0.125 * rank};
  }
  for (int i = 0; i < rank; ++i) {
    const std::int64_t client = 10 * rank + i;
    report.turns.push_back({client,
                            100 + i,
                            4 + i,
                            i == 1 ? NAN : 1.0 / 3,
                            0.1,
                            {8192, 3, 4},
                            {},
                            1e-9,
                            {NAN, double(client), std::numeric_limits<double>::infinity()}});
  }
  return report;
}

bool same(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

TEST(RoundMessage, tells_the_root_all_that_every_rank_reports_and_the_others_nothing) {
  const auto communicator = make_communicator("mpi");
  const auto reports = gather_reports(report_of(communicator->rank()), 3, 3, *communicator);
  EXPECT_EQ(int(reports.size()), communicator->root() ? communicator->size() : 0);
  for (int rank = 0; rank < int(reports.size()); ++rank) {
    const RankReport& actual = reports[std::size_t(rank)];
    const RankReport expected = report_of(rank);
    EXPECT_EQ(actual.spent, expected.spent);
    ASSERT_EQ(actual.turns.size(), expected.turns.size());
    for (std::size_t i = 0; i < expected.turns.size(); ++i) {
      const TurnRecord &a = actual.turns[i], &e = expected.turns[i];
      EXPECT_EQ(std::tie(a.client, a.samples, a.steps, a.drift, a.upload, a.seconds),
                std::tie(e.client, e.samples, e.steps, e.drift, e.upload, e.seconds));
      EXPECT_TRUE(same(a.loss, e.loss));
      ASSERT_EQ(a.diagnostics.size(), 3u);
      for (std::size_t d = 0; d < 3; ++d) EXPECT_TRUE(same(a.diagnostics[d], e.diagnostics[d]));
    }
  }
}

TEST(RoundMessage, may_be_of_a_cohort_that_leaves_ranks_without_clients) {
  const auto communicator = make_communicator("mpi");
  for (const RankReport& report : gather_reports({}, 0, 0, *communicator)) EXPECT_TRUE(report.turns.empty());
}

TEST(RoundMessage, agrees_on_the_largest_of_every_number_of_all_ranks) {
  const auto communicator = make_communicator("mpi");
  const int rank = communicator->rank(), last = communicator->size() - 1;
  for (const bool stops : {false, true}) {
    Verdict mine{stops && rank == last, {rank, -rank, std::numeric_limits<int>::min()}, {Fate::counted, Fate::counted}};
    if (rank == last) mine.fates[0] = Fate::beyond_bound;
    if (rank == 0) mine.fates[1] = Fate::not_finite;
    const Verdict verdict = agreed(mine, *communicator);
    EXPECT_EQ(verdict.stop, stops);
    EXPECT_EQ(verdict.exponents, (std::vector<std::int64_t>{last, 0, std::numeric_limits<int>::min()}));
    EXPECT_EQ(verdict.fates, (std::vector<Fate>{Fate::beyond_bound, Fate::not_finite}));
  }
}

TEST(RoundMessage, of_a_round_without_events_does_not_grow_with_its_cohort) {
  const auto communicator = make_communicator("mpi");
  const auto bytes = [&](Fate of_last) {
    const std::int64_t before = communicator->ledger().traffic()[Collective::all_reduce].bytes;
    Verdict mine{false, {1, 2}, std::vector<Fate>(10000, Fate::counted)};
    if (communicator->root()) mine.fates.back() = of_last;
    EXPECT_EQ(agreed(mine, *communicator).fates.back(), of_last);
    return communicator->ledger().traffic()[Collective::all_reduce].bytes - before;
  };
  EXPECT_EQ(bytes(Fate::counted), 4 * 8);
  EXPECT_EQ(bytes(Fate::not_finite), (4 + 10000) * 8);
}

TEST(TransportRecords, list_the_collectives_that_were_called) {
  RankReport idle, busy;
  busy.spent = {{7, Phase::sum, 1.5}};
  busy.spent[0].traffic[Collective::all_reduce] = {2, 800, 0.5, 0.25};
  const auto records = transport_records({idle, busy});
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].round, 7);
  EXPECT_EQ(records[0].phase, "sum");
  EXPECT_EQ(records[0].rank, 1);
  EXPECT_EQ(records[0].collective, "all_reduce");
  EXPECT_EQ(records[0].calls, 2);
  EXPECT_EQ(records[0].bytes, 800);
  EXPECT_EQ(records[0].waiting_seconds, 0.5);
  EXPECT_EQ(records[0].transfer_seconds, 0.25);
}

}  // namespace
}  // namespace fedorbit
