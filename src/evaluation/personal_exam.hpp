// What each client would start from now, on its own images of each split; clients that have never trained are counted
// apart.
#pragma once
#include "evaluation/exam.hpp"

namespace fedorbit {

class PersonalExam final : public Exam {
 public:
  /// The learner can label. `width`: see OwnAnswers.
  PersonalExam(const Questions& questions, Learner& learner, std::int64_t width, Communicator& communicator)
      : questions_(questions), learner_(learner), width_(width), communicator_(communicator) {}
  /// Nothing before the first round, nor where clients start from what the server has. Scores of single clients, and of
  /// the pool of their images, each labelled by its owner.
  std::vector<Score> take(const Server& server, Clients& clients) override;

 private:
  const Questions& questions_;
  Learner& learner_;
  std::int64_t width_;
  Communicator& communicator_;
};

}  // namespace fedorbit
