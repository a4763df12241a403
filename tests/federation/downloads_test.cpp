// What clients are sent in a round: written once where it is the same for all, and billed to each.
#include "federation/downloads.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "algorithms/codecs/float32.hpp"
#include "algorithms/strategies/fedavg.hpp"

namespace fedorbit {
namespace {

struct CountingCodec final : Codec {
  Float32Codec codec;
  mutable int written = 0;
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
  Downloads downloads(strategy, codec, layout, server, Keys(1));
  for (const std::vector<ClientId>& clients : {std::vector<ClientId>{0, 1, 2}, {7}, {8, 9}}) {
    const Received received = downloads.of(clients);
    EXPECT_TRUE(received.alike);
    EXPECT_EQ(received.bytes, std::vector<FederatedBytes>(clients.size(), {20, 0, 0}));
    EXPECT_TRUE(at::equal(received.shared, server.global.expand({std::int64_t(clients.size()), 5})));
  }
  EXPECT_EQ(codec.written, 1);
}

TEST_F(Downloading, writes_what_differs_by_client_for_each) {
  Scattered strategy;
  Downloads downloads(strategy, codec, layout, server, Keys(1));
  const std::vector<ClientId> clients{3, 4};
  const Received received = downloads.of(clients);
  EXPECT_FALSE(received.alike);
  EXPECT_EQ(received.bytes, (std::vector<FederatedBytes>{{20, 0, 8}, {20, 0, 8}}));
  EXPECT_TRUE(at::equal(received.shared[1] - received.shared[0], at::ones({5})));
  EXPECT_TRUE(at::equal(received.extras.at("own"), at::tensor({3.f, 3.f, 4.f, 4.f}).view({2, 2})));
  EXPECT_EQ(codec.written, 2);
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
  Downloads downloads(strategy, codec, layout, server, Keys(1));
  const std::vector<ClientId> clients{3, 4};
  for (int group = 0; group < 2; ++group)
    EXPECT_EQ(downloads.of(clients).bytes, (std::vector<FederatedBytes>{{20, 0, 32}, {20, 0, 32}}));
  EXPECT_EQ(codec.written, 2) << "the weights and c";
}

TEST_F(Downloading, sends_statistics_as_they_are_beside_what_the_codec_writes) {
  keep_statistics();
  FedAvg strategy;
  const std::vector<ClientId> clients{3, 4};
  const Received received = Downloads(strategy, codec, layout, server, Keys(1)).of(clients);
  EXPECT_EQ(received.bytes, (std::vector<FederatedBytes>{{20, 8, 0}, {20, 8, 0}}));
  EXPECT_TRUE(at::equal(received.shared, at::tensor({0.f, 1.f, 2.f, 3.f, 4.f, 7.f, 8.f}).expand({2, 7})));
}

}  // namespace
}  // namespace fedorbit
