// Who takes part in rounds, and whose report counts.
#include "federation/schedule.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <set>

#include "federation/cohort.hpp"
#include "support/checks.hpp"

namespace fedorbit {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

/// Client k needs k + 1 seconds for its steps, and messages no time.
struct Schedules : testing::Test {
  ScheduleOptions options;
  LinkOptions links;
  Fleet fleet{20, 5, [](ClientId client) { return Errand{0, client + 1, 0}; }};
  Schedules() {
    links.profile = "datacentre";
    links.latency = 0;
    links.step_seconds = 1;
  }
  std::unique_ptr<Schedule> make() { return make_schedule(options, links, fleet, Keys(1)); }
  std::vector<Plan> plans(std::int64_t rounds) {
    std::vector<Plan> out;
    const auto schedule = make();
    for (std::int64_t round = 0; round < rounds; ++round) out.push_back(schedule->next());
    return out;
  }
  static std::size_t count(const std::vector<Plan>& plans, Outcome outcome) {
    std::size_t visits = 0;
    for (const Plan& plan : plans) visits += std::size_t(std::ranges::count(plan.lost, outcome, &Visit::outcome));
    return visits;
  }
};

TEST_F(Schedules, of_whole_cohorts_are_the_draw_of_each_round) {
  const auto rounds = plans(4);
  for (std::int64_t round = 0; round < 4; ++round) {
    const Plan& plan = rounds[std::size_t(round)];
    EXPECT_EQ(plan.clients(), draw_cohort(20, 5, round, Keys(1)));
    EXPECT_TRUE(plan.lost.empty());
    EXPECT_EQ(plan.counted.size(), 5u);
    EXPECT_EQ(plan.reports.front().version, round);
    EXPECT_DOUBLE_EQ(plan.end - plan.start, double(plan.reports.back().client + 1)) << "the slowest has most steps";
  }
  links.step_seconds = 0;
  const auto untimed = plans(4);
  for (std::size_t round = 0; round < untimed.size(); ++round) {
    EXPECT_EQ(untimed[round].clients(), rounds[round].clients());
    EXPECT_EQ(untimed[round].reports.front().version, std::int64_t(round));
    EXPECT_EQ(untimed[round].end, 0) << "nothing is said of seconds";
    EXPECT_TRUE(untimed[round].counted.empty());
  }
}

TEST_F(Schedules, leave_out_who_comes_after_the_deadline) {
  options.deadline = 10.5;
  for (const Plan& plan : plans(30)) {
    for (const Report& report : plan.reports) EXPECT_LT(report.client, 10);
    for (const Visit& visit : plan.lost) {
      EXPECT_GE(visit.client, 10);
      EXPECT_EQ(visit.outcome, Outcome::late);
    }
    EXPECT_LE(plan.end - plan.start, 10.5);
    EXPECT_EQ(plan.reports.size() + plan.lost.size(), 5);
  }
}

TEST_F(Schedules, ask_again_where_a_deadline_met_nobody) {
  options.deadline = 2.5;  // of clients 0 and 1 alone
  const auto rounds = plans(10);
  EXPECT_GT(count(rounds, Outcome::late), 45);
  for (const Plan& plan : rounds) EXPECT_GE(plan.reports.size(), 1);
}

TEST_F(Schedules, that_nobody_can_keep_end_with_a_sentence) {
  options.deadline = 0.5;
  EXPECT_THAT(
      sentence([&] { plans(1); }),
      HasSubstr("5000 came after schedule.deadline = 0.5 s, the first with 1 s; give them longer, or faster links."));
}

TEST_F(Schedules, that_invite_more_count_the_first) {
  options.invited = 2;
  for (const Plan& plan : plans(10)) {
    ASSERT_EQ(plan.reports.size(), 5);
    ASSERT_EQ(plan.lost.size(), 5);
    for (const Visit& late : plan.lost) EXPECT_GT(late.client, plan.reports.back().client) << "slower";
    EXPECT_EQ(plan.end, plan.counted.back().end());
  }
}

TEST_F(Schedules, lose_as_many_as_drop_out) {
  options.dropout = 0.3;
  const auto rounds = plans(400);
  EXPECT_NEAR(double(count(rounds, Outcome::dropped)) / 2000, 0.3, 0.04);
}

TEST_F(Schedules, call_only_who_is_there_and_lose_who_leaves) {
  const auto path = std::filesystem::temp_directory_path() / ("schedule" + std::to_string(getpid()) + ".csv");
  {
    std::ofstream file(path);
    for (int client = 0; client < 20; ++client) file << client << (client % 2 ? ",0,10\n" : ",50,60\n");
  }
  options.availability = path;
  options.availability_period = 100;
  const auto rounds = plans(40);
  std::filesystem::remove(path);
  for (const Plan& plan : rounds)
    for (const auto& visits : {plan.counted, plan.lost})
      for (const Visit& visit : visits) {
        const double begins = std::fmod(visit.start, 100), ends = begins + visit.trip.seconds();
        EXPECT_TRUE(visit.client % 2 ? begins < 10 : begins >= 50 && begins < 60) << visit.client << " at " << begins;
        const bool stays = ends <= (visit.client % 2 ? 10 : 60);
        EXPECT_EQ(visit.outcome, stays ? Outcome::counted : Outcome::left) << visit.client << " at " << begins;
      }
  EXPECT_GT(count(rounds, Outcome::left), 10);
}

TEST_F(Schedules, by_a_buffer_step_with_so_many_reports_of_different_clients) {
  options.kind = "buffer";
  options.buffer = 3, options.concurrency = 8;
  double before = 0;
  std::int64_t stale = 0;
  const auto rounds = plans(50);
  for (std::size_t round = 0; round < rounds.size(); ++round) {
    const Plan& plan = rounds[round];
    const auto clients = plan.clients();
    EXPECT_EQ(std::set(clients.begin(), clients.end()).size(), 3);
    EXPECT_TRUE(std::ranges::is_sorted(clients));
    EXPECT_EQ(plan.start, before);
    before = plan.end;
    for (const Visit& visit : plan.counted) {
      EXPECT_LE(visit.version, std::int64_t(round));
      // A client begins with the model that was there.
      const double began = visit.version == 0 ? 0 : rounds[std::size_t(visit.version) - 1].end;
      EXPECT_GE(visit.start, began);
      EXPECT_LE(visit.start, rounds[std::size_t(visit.version)].end);
      EXPECT_LE(visit.end(), plan.end);
      stale += visit.version < std::int64_t(round);
    }
  }
  EXPECT_GT(stale, 50);
  EXPECT_GE(rounds.back().oldest_version, 30);
}

TEST_F(Schedules, of_many_clients_whom_no_deadline_suits_end_soon_with_a_sentence) {
  fleet.clients = 1000000, fleet.cohort = 50000;
  options.deadline = 0.5;
  EXPECT_THAT(sentence([&] { plans(1); }), HasSubstr("none of 100000 clients that were called"));
}

TEST_F(Schedules, say_what_became_of_clients_of_whom_none_reports) {
  options.deadline = 0.5, options.dropout = 0.5;
  const std::string said = sentence([&] { plans(1); });
  EXPECT_THAT(said, AllOf(HasSubstr(" came after schedule.deadline"), HasSubstr(" dropped out; give them longer"),
                          HasSubstr("; lower schedule.dropout.")));
  options.deadline = 0, options.dropout = 1, links.step_seconds = 0;
  EXPECT_THAT(sentence([&] { plans(1); }), AllOf(HasSubstr("5000 dropped out; lower"), Not(HasSubstr("deadline"))));
}

TEST_F(Schedules, by_a_buffer_know_who_is_under_way_after_a_round) {
  options.kind = "buffer";
  options.buffer = 4, options.concurrency = 10;
  options.dropout = 0.2;
  std::map<std::pair<ClientId, double>, int> sent;  // by client and start
  for (const Plan& plan : plans(30)) {
    EXPECT_EQ(plan.under_way.size(), 9u) << "who reported last is not replaced before the step";
    for (const Visit& visit : plan.under_way) {
      EXPECT_LE(visit.start, plan.end);
      EXPECT_GE(visit.end(), plan.end);
    }
    for (const auto& visits : {plan.counted, plan.lost})
      for (const Visit& visit : visits) EXPECT_EQ((sent[{visit.client, visit.start}] += 1), 1);
  }
}

TEST_F(Schedules, by_a_buffer_train_no_client_twice_at_once) {
  options.kind = "buffer";
  options.buffer = 2, options.concurrency = 15;
  std::map<ClientId, double> until;
  std::vector<Visit> visits;
  for (const Plan& plan : plans(60)) visits.insert(visits.end(), plan.counted.begin(), plan.counted.end());
  std::ranges::sort(visits, {}, &Visit::start);
  for (const Visit& visit : visits) {
    EXPECT_GE(visit.start, until[visit.client]);
    until[visit.client] = visit.end();
  }
}

TEST_F(Schedules, by_windows_step_when_a_window_with_a_report_ends) {
  options.kind = "window";
  options.window = 4, options.concurrency = 3;
  for (const Plan& plan : plans(40)) {
    EXPECT_DOUBLE_EQ(std::fmod(plan.end, 4), 0);
    ASSERT_GE(plan.reports.size(), 1);
    for (const Visit& visit : plan.counted) {
      EXPECT_LE(visit.end(), plan.end);
      EXPECT_GE(visit.end(), plan.end - 4);
    }
  }
}

TEST_F(Schedules, that_do_not_go_together_are_refused) {
  const auto refused = [&](auto change, const char* words) {
    const ScheduleOptions plain = options;
    change();
    EXPECT_THAT(sentence([&] { make(); }), HasSubstr(words));
    options = plain;
  };
  refused([&] { options.kind = "window"; }, "schedule.window is not said");
  refused([&] { options.kind = "buffer", options.buffer = 21; }, "schedule.buffer = 21");
  refused([&] { options.kind = "buffer", options.concurrency = 21; }, "schedule.concurrency = 21");
  refused([&] { options.kind = "buffer", options.deadline = 3; }, "schedule.deadline is of schedule.kind");
  links.step_seconds = 0;
  refused([&] { options.deadline = 3; }, "links.step_seconds is not said");
}

TEST_F(Schedules, group_clients_that_began_with_the_same_model) {
  Plan plan;
  for (ClientId client = 0; client < 6; ++client) plan.reports.push_back({.client = client, .version = client % 2});
  EXPECT_THAT(plan.groups(2), testing::ElementsAre(testing::ElementsAre(0, 2), testing::ElementsAre(4),
                                                   testing::ElementsAre(1, 3), testing::ElementsAre(5)));
  EXPECT_EQ(plan.version_of(3), 1);
}

}  // namespace
}  // namespace fedorbit
