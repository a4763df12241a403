// What classifiers that are fitted to features of training images find of those of each split.
#pragma once
#include <functional>
#include <vector>

#include "evaluation/exam.hpp"
#include "evaluation/fitted_task.hpp"

namespace fedorbit {

/// Features of the images that questions are about, (n, d) float32 on the CPU, in their order.
struct JudgedFeatures {
  Tensor train;
  std::vector<Tensor> splits;

  /// `of_images` gives those of some images; it is asked once for each pool.
  static JudgedFeatures of(const Questions& questions,
                           const std::function<Tensor(std::span<const std::int64_t>)>& of_images);
};

/// What a classifier makes of features (n, d) of these images, with labels (n); each rank by itself, the same on all.
Answers answers_to(const Tensor& features, const Tensor& labels, std::span<const std::int64_t> images,
                   const Scorer& scorer);

/// Fits each task and asks it about each split: found(split, task, answers of each draw) with the places of both.
void judge(const Questions& questions, const std::vector<FittedTask>& tasks, const JudgedFeatures& features,
           const std::function<void(std::size_t split, std::size_t task, const std::vector<Answers>&)>& found);

/// Appends what a task found of a split: of one draw as append_split(); of several their mean over all images in one
/// pool, which `count` counts as often as they were labelled, and its standard deviation over draws.
void append_draws(std::vector<Score>& scores, const std::vector<Answers>& draws, const Questions& questions,
                  const SplitImages& images, const Score& about);

}  // namespace fedorbit
