// The server's parameters alone: over the images of each split in one pool, of each class, of each domain, and of each
// client that is judged.
#pragma once
#include "evaluation/exam.hpp"

namespace fedorbit {

class GlobalExam final : public Exam {
 public:
  /// The learner can label.
  GlobalExam(const Questions& questions, Learner& learner, Communicator& communicator)
      : questions_(questions), learner_(learner), communicator_(communicator) {}
  std::vector<Score> take(const Server& server, Clients& clients) override;

 private:
  const Questions& questions_;
  Learner& learner_;
  Communicator& communicator_;
};

}  // namespace fedorbit
