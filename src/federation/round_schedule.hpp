// Rounds for which the server waits: a cohort is drawn, and its reports count, but of those that come too late or
// never.
#pragma once
#include "federation/schedule.hpp"

namespace fedorbit {

class RoundSchedule final : public Schedule {
 public:
  /// `links` may be null where nothing goes by seconds.
  RoundSchedule(const ScheduleOptions& options, Fleet fleet, Availability availability,
                std::shared_ptr<const Links> links, const Keys& keys);
  Plan next() override;

 private:
  /// Where all reports come, and nothing is said of when.
  Plan whole_cohort();
  /// Those that are there at `time`, and at least one: the time moves on to when someone is.
  std::vector<ClientId> present();
  /// How many clients a round sends the model to, where so many are there.
  std::int64_t invited() const;
  /// Sends the model to clients and waits: what became of them.
  std::vector<Visit> attempt(std::uint64_t number);
  /// Throws where so many attempts have brought nothing that none will.
  void refuse_if_hopeless(std::uint64_t attempts, const Plan& plan) const;
  /// When the round ends that these visits are of: those that end later are too late.
  double closing(const std::vector<Visit>& visits) const;

  ScheduleOptions options_;
  Fleet fleet_;
  Availability availability_;
  std::shared_ptr<const Links> links_;
  Keys keys_;
  std::int64_t round_ = 0;
  double time_ = 0;
};

}  // namespace fedorbit
