// Labelling by what a run does not train: texts, a linear probe, neighbours; each over the images of each
// split.
#pragma once
#include <functional>
#include <string>

#include "evaluation/exam.hpp"
#include "inputs/kept_features.hpp"

namespace fedorbit {

/// A batch's logits logit_scale * <v, t_c>, for text features (C, d).
Scorer by_texts(const Tensor& text_features, double logit_scale, at::Device device);
/// By a linear classifier fitted to the features of these images.
Scorer by_probe(const KeptFeatures& features, std::span<const std::int64_t> train, std::int64_t classes);
/// By the votes of the nearest of these images.
Scorer by_neighbours(const KeptFeatures& features, std::span<const std::int64_t> train, std::int64_t classes,
                     std::int64_t k, double temperature);

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
