// How well the classes are told apart by the features of the server's encoder, as it is after a round: by classifiers
// fitted to those of the training images, over the images of each split.
#pragma once
#include <vector>

#include "evaluation/exam.hpp"
#include "evaluation/fitted_task.hpp"

namespace fedorbit {

/// Whether a learner without labels is judged by how well its encoder's features tell the classes apart.
inline bool judged_by_features(Learner& learner) { return learner.encoder() && !learner.classifier(); }

/// Collective. The features of these images, (n, d) float32 on the CPU, encoded in fixed chunks shared among ranks: the
/// same on every rank, and on any number of them.
Tensor encoded(const Batches& batches, std::span<const std::int64_t> images, Encoder& encoder, const Encoding& encoding,
               Communicator& communicator);

class EncoderExam final : public Exam {
 public:
  /// The learner can encode.
  EncoderExam(const Questions& questions, Learner& learner, std::vector<FittedTask> tasks, Communicator& communicator)
      : questions_(questions), learner_(learner), tasks_(std::move(tasks)), communicator_(communicator) {}
  std::vector<Score> take(const Server& server, Clients& clients) override;

 private:
  const Questions& questions_;
  Learner& learner_;
  std::vector<FittedTask> tasks_;
  Communicator& communicator_;
};

}  // namespace fedorbit
