// What each client would start from now, on its own test images; clients that have never trained are counted apart.
#pragma once
#include <map>

#include "evaluation/exam.hpp"

namespace fedorbit {

class PersonalExam final : public Exam {
 public:
  /// The learner can label. `width`: images of a client that are labelled at once, the same for all that share a
  /// group, so that bits do not depend on a client's neighbours.
  PersonalExam(const Questions& questions, Learner& learner, std::int64_t width, Communicator& communicator)
      : questions_(questions), learner_(learner), width_(width), communicator_(communicator) {}
  /// Nothing before the first round, nor where clients start from what the server has. Scores of single clients, and of
  /// the pool of their images, each labelled by its owner.
  std::vector<Score> take(const Server& server, Clients& clients) override;

 private:
  /// (n, C, 2) int64 and (n) float64 for the n clients that are judged: right answers and images of each class, losses.
  struct Counts {
    Tensor counts, losses;
  };
  void label(const std::vector<ClientId>& group, const Parameters& parameters, Counts& into) const;

  const Questions& questions_;
  Learner& learner_;
  std::int64_t width_;
  Communicator& communicator_;
};

}  // namespace fedorbit
