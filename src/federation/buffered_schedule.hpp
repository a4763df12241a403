// Clients train all the time, each from the model that was there when it began; the server takes a step with what has
// come in. A client is asked again when its report has gone into a step.
#pragma once
#include <set>

#include "federation/schedule.hpp"

namespace fedorbit {

class BufferedSchedule final : public Schedule {
 public:
  BufferedSchedule(const ScheduleOptions& options, std::int64_t concurrency, Fleet fleet, Availability availability,
                   std::shared_ptr<const Links> links, const Keys& keys);
  Plan next() override;

 private:
  struct Ends {
    bool operator()(const Visit& a, const Visit& b) const {
      return std::pair(a.end(), a.client) < std::pair(b.end(), b.client);
    }
  };
  /// Sends the model to others, until so many train as shall at once, or nobody else is there.
  void call();
  /// A client that is there and has nothing to do, each equally likely; -1 where there is none.
  ClientId idle();
  /// Where nobody trains: the time moves on to when someone is there.
  void wait();
  /// Whether the server takes its step before it hears of another client.
  bool complete(const Plan& plan) const;

  ScheduleOptions options_;
  std::int64_t concurrency_;
  Fleet fleet_;
  Availability availability_;
  std::shared_ptr<const Links> links_;
  Keys keys_;
  std::set<Visit, Ends> training_;
  std::set<ClientId> busy_;  // those that train, and those whose reports wait for the step
  std::int64_t version_ = 0;
  std::uint64_t calls_ = 0;
  double time_ = 0;
};

}  // namespace fedorbit
