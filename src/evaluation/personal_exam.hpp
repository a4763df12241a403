// What each client would start from now, on its own images of each split; clients that have never trained are counted
// apart.
#pragma once
#include "evaluation/own_answers.hpp"

namespace fedorbit {

class PersonalExam final : public Exam {
 public:
  /// The learner can label.
  PersonalExam(const Questions& questions, Learner& learner, AtOnce at_once, Communicator& communicator)
      : questions_(questions), learner_(learner), at_once_(at_once), communicator_(communicator) {}
  /// Nothing before the first round, nor where clients start from what the server has. Scores of single clients, and of
  /// the pool of their images, each labelled by its owner.
  std::vector<Score> take(const Server& server, Clients& clients) override;

 private:
  const Questions& questions_;
  Learner& learner_;
  AtOnce at_once_;
  Communicator& communicator_;
};

}  // namespace fedorbit
