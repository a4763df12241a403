#include "evaluation/tally.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <limits>
#include <numeric>

namespace fedorbit {

Tally::Tally(std::int64_t classes, const Tensor& counts, double loss)
    : loss(loss),
      classes_(classes),
      confusion_(counts.const_data_ptr<std::int64_t>(), counts.const_data_ptr<std::int64_t>() + counts.numel()) {}

void Tally::add(const Tensor& logits, const Batch& batch, std::int64_t k) {
  const Tensor scores = logits[k].to(at::kCPU).contiguous();
  const Tensor losses = at::log_softmax(scores, 1), answers = scores.argmax(1);
  const Tensor labels = batch.labels[k].to(at::kCPU), present = batch.present[k].to(at::kCPU);
  for (std::int64_t b = 0; b < scores.size(0); ++b) {
    if (present.const_data_ptr<float>()[b] == 0) continue;
    const std::int64_t label = labels.const_data_ptr<std::int64_t>()[b];
    ++confusion_[std::size_t(label * classes_ + answers.const_data_ptr<std::int64_t>()[b])];
    loss -= double(losses.const_data_ptr<float>()[b * scores.size(1) + label]);
  }
}

std::vector<std::int64_t> Tally::correct() const {
  std::vector<std::int64_t> out;
  for (std::int64_t label = 0; label < classes_; ++label)
    out.push_back(confusion_[std::size_t(label * classes_ + label)]);
  return out;
}

std::vector<std::int64_t> Tally::total() const {
  std::vector<std::int64_t> out;
  for (std::int64_t label = 0; label < classes_; ++label) {
    const auto row = confusion_.begin() + label * classes_;
    out.push_back(std::accumulate(row, row + classes_, std::int64_t{0}));
  }
  return out;
}

EvaluationRecord record_of(std::int64_t round, const std::string& view, std::int64_t client, const Tally& tally) {
  const auto correct = tally.correct(), total = tally.total();
  const auto sum = [](const auto& counts) { return std::accumulate(counts.begin(), counts.end(), std::int64_t{0}); };
  const double mean = sum(total) > 0 ? tally.loss / double(sum(total)) : std::numeric_limits<double>::quiet_NaN();
  return {round, view, client, sum(correct), sum(total), mean, correct, total};
}

Tally tally_of(const Samples& samples, std::span<const std::int64_t> images, std::int64_t classes, bool with_patches,
               const Scorer& scorer, Communicator& communicator) {
  const at::NoGradGuard no_gradient;
  const std::int64_t chunks = (std::int64_t(images.size()) + labelled_at_once - 1) / labelled_at_once;
  Tensor counts = at::zeros({classes * classes}, at::kLong), losses = at::zeros({chunks}, at::kDouble);
  for (std::int64_t c = communicator.rank(); c < chunks; c += communicator.size()) {
    const std::size_t first = std::size_t(c * labelled_at_once);
    const Batch batch = samples.batch(
        images.subspan(first, std::min(std::size_t(labelled_at_once), images.size() - first)), with_patches);
    Tally tally(classes);
    tally.add(scorer(batch), batch, 0);
    counts += at::tensor(tally.confusion());
    losses[c] = tally.loss;
  }
  communicator.all_reduce(counts);
  communicator.all_reduce(losses);
  Tally whole(classes, counts, 0);
  for (std::int64_t c = 0; c < chunks; ++c) whole.loss += losses.const_data_ptr<double>()[c];
  return whole;
}

}  // namespace fedorbit
