// Labelling images and counting what came of it.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "algorithms/learner.hpp"
#include "comm/communicator.hpp"
#include "evaluation/score.hpp"
#include "inputs/samples.hpp"

namespace fedorbit {

constexpr std::int64_t labelled_at_once = 128;  // images

/// What a model made of some images.
class Tally {
 public:
  explicit Tally(std::int64_t classes) : classes_(classes), confusion_(std::size_t(classes * classes)) {}
  /// From a confusion matrix, `counts` (C * C) int64.
  Tally(std::int64_t classes, const Tensor& counts, double loss);
  /// Row k of logits (K, B, C) against the batch's labels.
  void add(const Tensor& logits, const Batch& batch, std::int64_t k);

  const std::vector<std::int64_t>& confusion() const { return confusion_; }  // (C, C): label, answer
  std::vector<std::int64_t> correct() const;                                 // (C)
  std::vector<std::int64_t> total() const;                                   // (C)
  double loss = 0;                                                           // sum of cross entropies

 private:
  std::int64_t classes_;
  std::vector<std::int64_t> confusion_;
};

/// Without the confusion matrix, which is for whoever asks.
EvaluationRecord record_of(std::int64_t round, const std::string& view, std::int64_t client, const Tally& tally);

/// Collective. One model over some images, in fixed chunks shared among ranks; `scorer` maps a batch (1, B) to logits
/// (1, B, C). Counts are integers and losses are summed in order: the same on any number of ranks.
Tally tally_of(const Samples& samples, std::span<const std::int64_t> images, std::int64_t classes, bool with_patches,
               const Scorer& scorer, Communicator& communicator);

}  // namespace fedorbit
