// What each client of a round holds right after its local training, before the aggregation, on its own images of each
// split.
#pragma once
#include "evaluation/own_answers.hpp"

namespace fedorbit {

class TrainedExam final : public Exam {
 public:
  /// The learner can label.
  TrainedExam(const Questions& questions, Learner& learner, AtOnce at_once, Communicator& communicator);
  void turn_ended(std::span<const ClientId> group, const std::vector<bool>& finite, const Parameters& trained) override;
  /// Of the turns that have ended since it was taken before.
  std::vector<Score> take(const Server& server, Clients& clients) override;

 private:
  Learner& learner_;
  Communicator& communicator_;
  std::vector<OwnAnswers> found_;  // by split
};

}  // namespace fedorbit
