// What clients are sent in a round: written once where it is the same for all, and billed to each.
#include "federation/downloads.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "algorithms/codecs/float32.hpp"
#include "algorithms/strategies/fedavg.hpp"
#include "core/error.hpp"

namespace fedorbit {
namespace {

struct CountingCodec final : Codec {
  Float32Codec codec;
  mutable int written = 0;
  bool lossless() const override { return true; }
  Bytes encode(const Tensor& values, const Message& message) const override {
    ++written;
    return codec.encode(values, message);
  }
  Tensor decode(const Bytes& bytes, const Message& message) const override { return codec.decode(bytes, message); }
};

/// Sends client c the parameters plus c, and two numbers of its own.
struct Scattered final : FedAvg {
  Download download(const Server& server, ClientId client) override {
    return {server.global + double(client), {{"own", at::full({2}, double(client))}}};
  }
};

const Mirror nothing_sent;

/// Reads a quarter of what it is given, so that what is read is known to the bit; weighs what it is told.
struct QuarterCodec final : Codec {
  std::int64_t bytes = 5;
  Bytes encode(const Tensor& values, const Message&) const override {
    last = values / 4;
    return Bytes(std::size_t(bytes));
  }
  Tensor decode(const Bytes&, const Message&) const override { return last; }
  mutable Tensor last;
};

struct Downloading : testing::Test {
  Layout layout;
  CountingCodec codec;
  Server server{at::arange(5, at::kFloat), {}, 0};
  Downloading() { layout.add({"w", {5}, Owner::shared}); }
  void keep_statistics() {
    layout.add({"mean", {2}, Owner::shared, false, false, Role::statistic});
    server.statistics = at::tensor({7.f, 8.f});
  }
};

TEST_F(Downloading, writes_what_all_are_sent_once_a_round_and_bills_it_to_each) {
  FedAvg strategy;
  Downloads downloads(strategy, codec, layout, server, Keys(1), nothing_sent);
  for (const std::vector<ClientId>& clients : {std::vector<ClientId>{0, 1, 2}, {7}, {8, 9}}) {
    const Received received = downloads.of(clients);
    EXPECT_TRUE(received.alike);
    for (const ClientId client : clients) EXPECT_EQ(downloads.bytes(client), (FederatedBytes{20, 0, 0}));
    EXPECT_TRUE(at::equal(received.shared, server.global.expand({std::int64_t(clients.size()), 5})));
  }
  EXPECT_EQ(codec.written, 1);
}

TEST_F(Downloading, writes_what_differs_by_client_for_each) {
  Scattered strategy;
  Downloads downloads(strategy, codec, layout, server, Keys(1), nothing_sent);
  const std::vector<ClientId> clients{3, 4};
  const Received received = downloads.of(clients);
  EXPECT_FALSE(received.alike);
  EXPECT_TRUE(at::equal(received.shared[1] - received.shared[0], at::ones({5})));
  EXPECT_TRUE(at::equal(received.extras.at("own"), at::tensor({3.f, 3.f, 4.f, 4.f}).view({2, 2})));
  EXPECT_EQ(codec.written, 2);
  EXPECT_EQ(downloads.bytes(4), (FederatedBytes{20, 0, 8}));
}

/// Sends a vector with a number for each weight, and one that is shorter.
struct Varying final : FedAvg {
  Download download(const Server& server, ClientId) override {
    return {server.global, {{"c", server.memory.at("c")}, {"few", server.memory.at("few")}}};
  }
};

TEST_F(Downloading, writes_what_has_a_number_for_each_weight_by_the_codec_and_once) {
  Varying strategy;
  server.memory = {{"c", at::ones({5})}, {"few", at::ones({3})}};
  Downloads downloads(strategy, codec, layout, server, Keys(1), nothing_sent);
  const std::vector<ClientId> clients{3, 4};
  for (int group = 0; group < 2; ++group) {
    downloads.of(clients);
    EXPECT_EQ(downloads.bytes(3), (FederatedBytes{20, 0, 32}));
  }
  EXPECT_EQ(codec.written, 2) << "the weights and c";
}

TEST_F(Downloading, sends_statistics_as_they_are_beside_what_the_codec_writes) {
  keep_statistics();
  FedAvg strategy;
  const std::vector<ClientId> clients{3, 4};
  Downloads downloads(strategy, codec, layout, server, Keys(1), nothing_sent);
  const Received received = downloads.of(clients);
  EXPECT_EQ(downloads.bytes(3), (FederatedBytes{20, 8, 0}));
  EXPECT_TRUE(at::equal(received.shared, at::tensor({0.f, 1.f, 2.f, 3.f, 4.f, 7.f, 8.f}).expand({2, 7})));
}

/// Rounds of a server whose weights move by one a round, and what its downloads say.
struct LossyDownloads : testing::Test {
  Layout layout;
  QuarterCodec codec;
  Server server{at::zeros({5}), {}, 0};
  LossyDownloads() { layout.add({"w", {5}, Owner::shared}); }
  struct Round {
    Tensor shared;  // (K, P)
    std::vector<FederatedBytes> bytes;
  };
  /// A round of these clients.
  Round round(Mirror& mirror, const std::vector<ClientId>& clients) const {
    Downloads downloads(strategy_, codec, layout, server, Keys(1), mirror);
    Round round;
    if (!clients.empty()) round.shared = downloads.of(clients).shared;
    for (const ClientId client : clients) round.bytes.push_back(downloads.bytes(client));
    downloads.commit(mirror);
    for (const ClientId client : clients) mirror.sent({client, server.round});
    return round;
  }
  void step() {
    server.global = server.global + 1;
    ++server.round;
  }

 private:
  mutable FedAvg strategy_;
};

TEST_F(LossyDownloads, say_first_the_whole_as_it_is_and_then_by_how_much_what_clients_hold_is_to_change) {
  Mirror mirror;
  double held = 0;
  for (; server.round < 6; step()) {
    const Round received = round(mirror, {1, 2});
    if (server.round > 0) held += (server.global[0].item<double>() - held) / 4;
    EXPECT_TRUE(at::allclose(received.shared, at::full({2, 5}, held), 1e-6)) << server.round;
    EXPECT_EQ(received.bytes, std::vector<FederatedBytes>(2, {server.round == 0 ? 20 : 5, 0, 0})) << server.round;
  }
}

TEST_F(LossyDownloads, are_the_same_where_a_rank_asks_for_nobody_and_after_a_restart) {
  Mirror busy, idle;
  for (; server.round < 4; step()) round(busy, {3}), round(idle, {});
  Mirror restarted;
  restarted.restore(busy.contents());
  restarted.sent({3, 3});
  const Round expected = round(busy, {3});
  EXPECT_TRUE(at::equal(round(idle, {3}).shared, expected.shared));
  const Round again = round(restarted, {3});
  EXPECT_TRUE(at::equal(again.shared, expected.shared));
  EXPECT_EQ(again.bytes, expected.bytes);
}

TEST_F(LossyDownloads, are_billed_with_all_that_a_client_missed_or_the_whole_if_that_is_less) {
  codec.bytes = 6;  // three of these are less than the whole's 20
  Mirror mirror;
  std::map<ClientId, std::int64_t> last;  // when each was sent a message
  std::set<std::int64_t> bills;
  Stream stream = Keys(1).stream(Purpose::test);
  for (; server.round < 60; step()) {
    std::vector<ClientId> cohort;
    for (ClientId client = 0; client < 10; ++client)
      if (stream.uniform() < 0.4) cohort.push_back(client);
    const Round received = round(mirror, cohort);
    for (std::size_t k = 0; k < cohort.size(); ++k) {
      const std::int64_t missed = last.contains(cohort[k]) ? server.round - last[cohort[k]] : 1000;
      const std::int64_t bill = received.bytes[k].payload;
      EXPECT_EQ(bill, std::min<std::int64_t>(20, 6 * missed)) << cohort[k] << " in round " << server.round;
      bills.insert(bill);
      last[cohort[k]] = server.round;
    }
  }
  EXPECT_EQ(bills, (std::set<std::int64_t>{6, 12, 18, 20}));
}

TEST_F(LossyDownloads, cost_nothing_again_where_a_client_was_sent_them_in_this_round) {
  Mirror mirror;
  EXPECT_EQ(mirror.bill("weights", 3, 0, 6, 20), 20);
  mirror.sent({3, 0});
  EXPECT_EQ(mirror.bill("weights", 3, 0, 6, 20), 0);
  mirror.advance("weights", at::zeros({5}), 6, 20);
  EXPECT_EQ(mirror.bill("weights", 3, 1, 6, 20), 6);
}

TEST_F(LossyDownloads, refuse_what_differs_by_client) {
  Scattered scattered;
  Downloads downloads(scattered, codec, layout, server, Keys(1), nothing_sent);
  const std::vector<ClientId> clients{3, 4};
  EXPECT_THROW(downloads.of(clients), Error);
}

TEST(Mirrors, bill_messages_of_several_lengths) {
  Held held{at::zeros({5})};
  for (const std::int64_t bytes : {9, 1, 4, 3}) held.advance(held.values, bytes, 16);
  EXPECT_EQ(held.bytes, (std::vector<std::int64_t>{1, 4, 3})) << "with the 9 they would weigh more than the whole";
  EXPECT_EQ(held.bill(1, 2, 16), 2);
  EXPECT_EQ(held.bill(3, 2, 16), 2 + 3 + 4);
  EXPECT_EQ(held.bill(4, 10, 16), 16);
  EXPECT_EQ(held.bill(5, 1, 16), 16);
}

}  // namespace
}  // namespace fedorbit
