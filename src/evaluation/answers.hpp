// Labelling images, and counting what came of it.
#pragma once
#include <span>
#include <vector>

#include "algorithms/learner.hpp"
#include "comm/communicator.hpp"
#include "data/partition.hpp"
#include "evaluation/score.hpp"

namespace fedorbit {

constexpr std::int64_t labelled_at_once = 128;  // images

/// What a classifier needs, and the labels that its answers are held to.
Needs to_judge(const Classifier& classifier);

/// What one model made of one row of a batch: (B) answers and cross entropies, on the CPU.
struct Answered {
  Tensor answers, losses;  // int64, float32
};
/// Row k of logits (K, B, C) against the labels of the batch (K, B).
Answered answered(const Tensor& logits, const Tensor& labels, std::int64_t k);

/// What one model made of each of some images.
struct Answers {
  std::span<const std::int64_t> images;  // ascending; whoever asked keeps them
  Tensor answers, losses;                // (n) int64, (n) float64
};

/// Collective. One model over images, in fixed chunks shared among ranks; `scorer` maps a batch (1, B) with what it
/// needs to logits (1, B, C). The same on any number of ranks.
Answers answers_of(const Batches& batches, std::span<const std::int64_t> images, const Needs& needs,
                   const Scorer& scorer, Communicator& communicator);

/// Right answers among images, and the sum of their cross entropies.
struct Tally {
  std::int64_t correct = 0, count = 0;
  double loss = 0;
  void add(bool right, double of_image) { correct += right, ++count, loss += of_image; }
  double accuracy() const { return double(correct) / double(count); }
  double mean_loss() const { return loss / double(count); }
};

/// Appends `about` with the accuracy and, if asked, the mean loss; nothing where there is no image.
void append(std::vector<Score>& scores, Score about, const Tally& tally, bool with_loss = true);

/// The answers as scores: of all images together, of each class, and of each domain where there are several. `about`
/// says the rest.
std::vector<Score> scores_of(const Answers& answers, const Labelled& data, const Score& about);

Tally tally_of(const Answers& answers, const Labelled& data);
/// Of those of the answers that are to these images.
Tally tally_of(const Answers& answers, const Labelled& data, std::span<const std::int64_t> images);

/// (C, C): label, answer.
std::vector<std::int64_t> confusion_of(const Answers& answers, const Labelled& data);

}  // namespace fedorbit
