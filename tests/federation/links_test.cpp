// What messages take on the links of a real federation.
#include "federation/links.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "support/checks.hpp"

namespace fedorbit {
namespace {

/// 8 Mbit/s each way: a million bytes in a second.
LinkOptions plain() {
  LinkOptions options;
  options.profile = "fibre";
  options.download_rate = options.upload_rate = 8;
  options.latency = 0.5, options.jitter = 0, options.loss = 0, options.spread = 0;
  options.step_seconds = 0.25;
  return options;
}

TEST(Links, take_a_message_its_latency_and_its_bytes_over_the_rate) {
  const Links links(plain());
  const Transit transit = links.download(3, 0, 2'000'000, 100, 40);
  EXPECT_DOUBLE_EQ(transit.moving, 2.5);
  EXPECT_DOUBLE_EQ(transit.waiting, 0);
  EXPECT_DOUBLE_EQ(links.training_seconds(3, 8), 2);
}

TEST(Links, send_lost_packets_again_and_share_the_servers_link) {
  LinkOptions options = plain();
  options.loss = 0.5;
  EXPECT_DOUBLE_EQ(Links(options).upload(0, 0, 1'000'000, 0, 1).moving, 0.5 + 2);
  options.loss = 0, options.server_rate = 80;
  EXPECT_DOUBLE_EQ(Links(options).upload(0, 0, 1'000'000, 0, 10).moving, 0.5 + 1);
  EXPECT_DOUBLE_EQ(Links(options).upload(0, 0, 1'000'000, 0, 40).moving, 0.5 + 4);
}

TEST(Links, move_bytes_in_contact_alone) {
  LinkOptions options = plain();
  options.latency = 0, options.contact_period = 100, options.contact_seconds = 10;
  const Links links(options);
  // 25 seconds of bytes: from whenever it begins, it ends in the third contact, or in the fourth after a part of one.
  for (double start = 0; start < 300; start += 7) {
    const Transit transit = links.download(1, 0, 25'000'000, start, 1);
    EXPECT_DOUBLE_EQ(transit.moving, 25);
    EXPECT_GE(transit.waiting, 2 * 90 - 1e-9);
    EXPECT_LE(transit.waiting, 3 * 90 + 1e-9);
  }
  // By small steps of time.
  const auto in_contact = [&](double t) { return links.download(1, 0, 1, t, 1).waiting == 0; };
  double moved = 0, t = 42;
  while (moved < 12.345) {
    if (in_contact(t)) moved += 0.001;
    t += 0.001;
  }
  EXPECT_NEAR(links.download(1, 0, 12'345'000, 42, 1).seconds(), t - 42, 0.01);
}

TEST(Links, of_clients_differ_as_they_are_spread_and_are_the_same_in_every_round) {
  LinkOptions options = plain();
  options.latency = 0, options.spread = 0.5, options.speed_spread = 0.5;
  const Links links(options), again(options);
  double sum = 0;
  for (ClientId client = 0; client < 2000; ++client) {
    const double seconds = links.download(client, 0, 1'000'000, 0, 1).moving;
    EXPECT_EQ(seconds, again.download(client, 9, 1'000'000, 50, 1).moving);
    sum += 1 / seconds;
  }
  EXPECT_NEAR(sum / 2000, 1, 0.05) << "the mean rate is the one that was said";
  EXPECT_NE(links.training_seconds(0, 1), links.training_seconds(1, 1));
}

TEST(Links, come_from_a_trace_of_clients) {
  const std::string path = testing::TempDir() + text("links-", ::getpid(), ".csv");  // ranks run this side by side
  std::ofstream(path) << "# client,download,upload,latency\n0,8,4,0.1\n1,16,8,0.2\n";
  LinkOptions options = plain();
  options.trace = path;
  EXPECT_EQ(Links(options).download(1, 0, 1'000'000, 0, 1).moving, 0.2 + 0.5);
  std::ofstream(path) << "client,download Mbit/s,upload Mbit/s,latency s\n0,8,4,0.1\n1,16,8,0.2\n";
  const Links links(options);
  EXPECT_DOUBLE_EQ(links.download(1, 0, 1'000'000, 0, 1).moving, 0.2 + 0.5);
  EXPECT_DOUBLE_EQ(links.upload(0, 0, 1'000'000, 0, 1).moving, 0.1 + 2);
  EXPECT_THAT(sentence([&] { links.upload(2, 0, 1, 0, 1); }), testing::HasSubstr("ends before client 2"));
  links.require_clients(2);
  EXPECT_THAT(sentence([&] { links.require_clients(3); }), testing::HasSubstr("ends before client 2 of 3"));
  for (const auto& [lines, words] : std::initializer_list<std::pair<const char*, const char*>>{
           {"0,8,4", "\"0,8,4\" is not `client,download Mbit/s,upload Mbit/s,latency s`"},
           {"0,8,4,0.1,5", "is not `client"},
           {"0;8;4;0.1", "is not `client"},
           {"0,8,nan,0.1", "is not `client"},
           {"0,8,-4,0.1", "has a rate that is not above 0"},
           {"0,8,4,-1", "or a latency below 0"},
           {"1,8,4,0.1", "client 1 stands where 0 should"},
           {"0,8,4,0.1\n2,8,4,0.1", ", line 2: client 2 stands where 1 should"},
           {"0,8,4,0.1\n0,8,4,0.1", "client 0 stands where 1 should"},
           {"# client,download", "names no client"}}) {
    std::ofstream(path) << lines << "\n";
    EXPECT_THAT(sentence([&] { Links wrong(options); }), testing::HasSubstr(words)) << lines;
  }
}

TEST(Links, are_refused_where_something_is_missing) {
  LinkOptions options = plain();
  options.step_seconds = 0;
  EXPECT_THAT(sentence([&] { Links links(options); }), testing::HasSubstr("links.step_seconds is not said"));
  options = plain();
  options.contact_period = 10, options.contact_seconds = 20;
  EXPECT_THAT(sentence([&] { Links links(options); }), testing::HasSubstr("links.contact_seconds = 20"));
}

}  // namespace
}  // namespace fedorbit
