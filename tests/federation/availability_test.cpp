// When clients are there, as a trace says.
#include "federation/availability.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <fstream>

#include "support/checks.hpp"

namespace fedorbit {
namespace {

using testing::HasSubstr;

struct Availabilities : testing::Test {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("availability" + std::to_string(getpid()) + ".csv");
  ~Availabilities() override { std::filesystem::remove(path); }
  Availability read(const char* lines, std::int64_t clients, double period = 0) {
    std::ofstream(path) << lines;
    return Availability(path, clients, period);
  }
  std::string refusal(const char* lines, std::int64_t clients, double period = 0) {
    return sentence([&] { read(lines, clients, period); });
  }
};

TEST_F(Availabilities, say_when_a_client_leaves_and_when_it_comes) {
  const Availability trace = read("# client,from,until\n0,10,20\n0,30,40\n1,0,5\n", 2);
  EXPECT_EQ(trace.until(0, 10), 20);
  EXPECT_EQ(trace.until(0, 20), 20) << "it has left";
  EXPECT_EQ(trace.until(0, 5), 5);
  EXPECT_EQ(trace.next(0, 5), 10);
  EXPECT_EQ(trace.next(0, 15), 15);
  EXPECT_EQ(trace.next(0, 20), 30);
  EXPECT_TRUE(std::isinf(trace.next(0, 40)));
  EXPECT_TRUE(std::isinf(trace.next(1, 5)));
}

TEST_F(Availabilities, repeat_after_their_period) {
  const Availability trace = read("0,10,20\n", 1, 100);
  EXPECT_EQ(trace.until(0, 315), 320);
  EXPECT_EQ(trace.next(0, 321), 410);
}

TEST_F(Availabilities, have_a_client_there_when_it_is_said_to_come_however_seconds_are_rounded) {
  for (const double period : {0.7, 100.0, 5700.3}) {
    const Availability trace = read("0,0,0.05\n0,0.1,0.2\n1,0.3,0.7\n", 2, period);
    double time = 0.06;
    for (int turn = 0; turn < 20000; ++turn) {
      const ClientId client = turn % 3 == 2;
      const double comes = trace.next(client, time), leaves = trace.until(client, comes);
      ASSERT_GE(comes, time);
      ASSERT_GT(leaves, comes) << "client " << client << " after " << time << " s, period " << period;
      time = leaves;
    }
  }
}

TEST_F(Availabilities, that_end_with_a_period_and_begin_with_the_next_go_on) {
  const Availability trace = read("0,0,10\n0,90,100\n", 1, 100);
  EXPECT_EQ(trace.until(0, 95), 110);
}

TEST_F(Availabilities, whose_windows_touch_or_fill_a_period_never_leave) {
  for (const char* lines : {"0,0,20\n", "0,0,10\n0,10,20\n"}) EXPECT_TRUE(std::isinf(read(lines, 1, 20).until(0, 33)));
  EXPECT_EQ(read("0,0,10\n0,10,15\n", 1, 20).until(0, 23), 35);
  EXPECT_EQ(read("0,0,10\n0,10,15\n", 1).until(0, 3), 15);
}

TEST_F(Availabilities, without_a_trace_are_for_ever) {
  EXPECT_TRUE(std::isinf(Availability().until(3, 1e9)));
  EXPECT_EQ(Availability().next(3, 7), 7);
}

TEST_F(Availabilities, that_make_no_sense_are_refused_with_their_line) {
  EXPECT_THAT(refusal("0,20,10\n", 1), HasSubstr("\"0,20,10\" is not `client,from s,until s`"));
  EXPECT_THAT(refusal("0,-1,10\n", 1), HasSubstr("\"0,-1,10\""));
  EXPECT_THAT(refusal("0,1\n", 1), HasSubstr("\"0,1\" is not"));
  EXPECT_THAT(refusal("0,1,2\n2,1,2\n", 3), HasSubstr("client 2 stands where 1 should"));
  EXPECT_THAT(refusal("0,5,9\n0,1,2\n", 1), HasSubstr("\"0,1,2\" begins before"));
  EXPECT_THAT(refusal("0,5,9\n", 2), HasSubstr("ends before client 1 of 2"));
  EXPECT_THAT(refusal("0,5,9\n", 1, 8), HasSubstr("ends after schedule.availability_period = 8 s"));
  EXPECT_THAT(sentence([] { Availability("none.csv", 1, 0); }), HasSubstr("none.csv cannot be read"));
}

}  // namespace
}  // namespace fedorbit
