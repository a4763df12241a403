// Toy federations on the ranks of a test, and what must be the same in two of them.
#pragma once
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <memory>
#include <vector>

#include "comm/factory.hpp"
#include "comm/single.hpp"
#include "support/toy.hpp"

namespace fedorbit {

using toy::Federation;

inline bool same(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

inline void expect_same(const std::vector<RoundRecord>& actual, const std::vector<RoundRecord>& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t r = 0; r < expected.size(); ++r) {
    EXPECT_EQ(actual[r].round, expected[r].round);
    EXPECT_TRUE(same(actual[r].loss, expected[r].loss)) << actual[r].loss << " and " << expected[r].loss;
    EXPECT_EQ(actual[r].update_norm, expected[r].update_norm);
    ASSERT_EQ(actual[r].turns.size(), expected[r].turns.size());
    for (std::size_t i = 0; i < expected[r].turns.size(); ++i) {
      const TurnRecord &a = actual[r].turns[i], &e = expected[r].turns[i];
      EXPECT_EQ(std::tie(a.client, a.samples, a.steps, a.upload, a.download),
                std::tie(e.client, e.samples, e.steps, e.upload, e.download));
      EXPECT_TRUE(same(a.loss, e.loss) && same(a.drift, e.drift));
      EXPECT_TRUE(std::ranges::equal(a.diagnostics, e.diagnostics, same));
    }
  }
}

inline void expect_same(const std::vector<SelectionRecord>& actual, const std::vector<SelectionRecord>& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(actual[i].rounds_done, expected[i].rounds_done);
    EXPECT_EQ(actual[i].accuracy, expected[i].accuracy);
  }
}

inline void expect_same(const std::vector<Score>& actual, const std::vector<Score>& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const Score &a = actual[i], &e = expected[i];
    EXPECT_EQ(std::tie(a.round, a.scope, a.split, a.client, a.domain, a.label, a.task, a.metric, a.correct, a.count),
              std::tie(e.round, e.scope, e.split, e.client, e.domain, e.label, e.task, e.metric, e.correct, e.count));
    EXPECT_TRUE(same(a.value, e.value));
  }
}

/// All that the root was told and holds is the same in both, but for seconds.
inline void expect_same(const Communicator& communicator, const Federation& actual, const Federation& expected) {
  EXPECT_TRUE(at::equal(actual.global, expected.global));
  if (!communicator.root()) return;
  expect_same(actual.witness.rounds, expected.witness.rounds);
  expect_same(actual.witness.scores, expected.witness.scores);
  expect_same(actual.witness.selections, expected.witness.selections);
  ASSERT_EQ(actual.saved.size(), expected.saved.size());
  for (std::size_t i = 0; i < expected.saved.size(); ++i) {
    EXPECT_EQ(actual.saved[i].clients.clients, expected.saved[i].clients.clients);
    EXPECT_TRUE(at::equal(actual.saved[i].rows, expected.saved[i].rows));
  }
}

struct Simulations : testing::Test {
  std::unique_ptr<Communicator> communicator = make_communicator("mpi");
  SingleCommunicator alone;

  /// The federation as `change` makes it, on all ranks and on one.
  void expect_independent_of_ranks(const std::function<void(Federation&)>& change) {
    Federation together, single;
    change(together), change(single);
    EXPECT_EQ(together.run(*communicator), Ending::finished);
    EXPECT_EQ(single.run(alone), Ending::finished);
    expect_same(*communicator, together, single);
  }
};

}  // namespace fedorbit
