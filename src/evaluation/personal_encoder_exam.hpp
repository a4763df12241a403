// How well the classes are told apart by the features of the encoder that each client would start from now, all of them
// asked the same as the server's: fitted to all training images, asked about all images of each split.
#pragma once
#include <vector>

#include "evaluation/exam.hpp"
#include "evaluation/fitted_task.hpp"

namespace fedorbit {

class PersonalEncoderExam final : public Exam {
 public:
  /// The learner can encode; of the questions' clients.
  PersonalEncoderExam(const Questions& questions, Learner& learner, std::vector<FittedTask> tasks,
                      Communicator& communicator);
  /// Nothing before the first round, nor where clients start from what the server has. A score for each client, of its
  /// encoder over all images of a split.
  std::vector<Score> take(const Server& server, Clients& clients) override;

 private:
  Questions questions_;  // without what is unseen
  Learner& learner_;
  std::vector<FittedTask> tasks_;
  Communicator& communicator_;
};

}  // namespace fedorbit
