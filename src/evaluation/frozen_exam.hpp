// Labelling by what a run does not train: texts, a linear probe, neighbours; each over the images of each
// split.
#pragma once
#include <functional>
#include <string>

#include "evaluation/exam.hpp"

namespace fedorbit {

/// A batch's logits logit_scale * <v, t_c>, for text features (C, d).
Scorer by_texts(const Tensor& text_features, double logit_scale, at::Device device);

class FrozenExam final : public Exam {
 public:
  /// `scorer` is made when the exam is taken.
  FrozenExam(const Questions& questions, std::string task, std::function<Scorer()> scorer, Communicator& communicator)
      : questions_(questions), task_(std::move(task)), scorer_(std::move(scorer)), communicator_(communicator) {}
  bool frozen() const override { return true; }
  std::vector<Score> take(const Server& server, Clients& clients) override;

 private:
  const Questions& questions_;
  std::string task_;
  std::function<Scorer()> scorer_;
  Communicator& communicator_;
};

}  // namespace fedorbit
