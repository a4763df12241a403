// The small message of a round: every rank learns everything of every other.
#include "federation/round_message.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "comm/factory.hpp"

namespace fedorbit {
namespace {

/// What rank r would report: r clients (none on rank 0), the second of them not finite.
RankReport report_of(int rank) {
  RankReport report;
  report.stop = rank == 2;
  report.training_seconds = 0.5 + rank;
  report.largest = at::tensor({1e-30 * rank, 1e300}, at::kDouble);
  for (std::size_t c = 0; c < report.traffic.costs.size(); ++c)
    report.traffic.costs[c] = {rank + std::int64_t(c), (std::int64_t{1} << 45) + rank, 0.25 * double(c), 0.125 * rank};
  for (int i = 0; i < rank; ++i) {
    const std::int64_t client = 10 * rank + i;
    report.turns.push_back({client,
                            100 + i,
                            4 + i,
                            i == 1 ? NAN : 1.0 / 3,
                            0.1,
                            8192,
                            4096 + rank,
                            1e-9,
                            {NAN, double(client), std::numeric_limits<double>::infinity()}});
    report.weights.push_back((std::int64_t{1} << 50) + client);
    report.finite.push_back(i != 1);
  }
  return report;
}

bool same(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

TEST(RoundMessage, tells_every_rank_all_that_every_rank_reports) {
  const auto communicator = make_communicator("mpi");
  const auto reports = gather_reports(report_of(communicator->rank()), 3, 3, *communicator);
  ASSERT_EQ(int(reports.size()), communicator->size());
  for (int rank = 0; rank < communicator->size(); ++rank) {
    const RankReport& actual = reports[std::size_t(rank)];
    const RankReport expected = report_of(rank);
    EXPECT_EQ(actual.stop, expected.stop);
    EXPECT_EQ(actual.training_seconds, expected.training_seconds);
    EXPECT_TRUE(at::equal(actual.largest, expected.largest));
    for (std::size_t c = 0; c < expected.traffic.costs.size(); ++c) {
      EXPECT_EQ(actual.traffic.costs[c].calls, expected.traffic.costs[c].calls);
      EXPECT_EQ(actual.traffic.costs[c].bytes, expected.traffic.costs[c].bytes);
      EXPECT_EQ(actual.traffic.costs[c].waiting_seconds, expected.traffic.costs[c].waiting_seconds);
      EXPECT_EQ(actual.traffic.costs[c].transfer_seconds, expected.traffic.costs[c].transfer_seconds);
    }
    EXPECT_EQ(actual.weights, expected.weights);
    EXPECT_EQ(actual.finite, expected.finite);
    ASSERT_EQ(actual.turns.size(), expected.turns.size());
    for (std::size_t i = 0; i < expected.turns.size(); ++i) {
      const TurnRecord &a = actual.turns[i], &e = expected.turns[i];
      EXPECT_EQ(std::tie(a.client, a.samples, a.steps, a.drift, a.upload_bytes, a.download_bytes, a.seconds),
                std::tie(e.client, e.samples, e.steps, e.drift, e.upload_bytes, e.download_bytes, e.seconds));
      EXPECT_TRUE(same(a.loss, e.loss));
      ASSERT_EQ(a.diagnostics.size(), 3u);
      for (std::size_t d = 0; d < 3; ++d) EXPECT_TRUE(same(a.diagnostics[d], e.diagnostics[d]));
    }
  }
}

TEST(RoundMessage, may_be_of_a_cohort_that_leaves_ranks_without_clients) {
  const auto communicator = make_communicator("mpi");
  RankReport mine;
  mine.largest = at::zeros({0}, at::kDouble);
  for (const RankReport& report : gather_reports(mine, 0, 0, *communicator)) EXPECT_TRUE(report.turns.empty());
}

TEST(TransportRecords, list_the_collectives_that_were_called) {
  RankReport idle, busy;
  busy.traffic[Collective::all_reduce] = {2, 800, 0.5, 0.25};
  const auto records = transport_records({idle, busy}, 7);
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].round, 7);
  EXPECT_EQ(records[0].rank, 1);
  EXPECT_EQ(records[0].collective, "all_reduce");
  EXPECT_EQ(records[0].calls, 2);
  EXPECT_EQ(records[0].bytes, 800);
  EXPECT_EQ(records[0].waiting_seconds, 0.5);
  EXPECT_EQ(records[0].transfer_seconds, 0.25);
}

}  // namespace
}  // namespace fedorbit
