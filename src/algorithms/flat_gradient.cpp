#include "algorithms/flat_gradient.hpp"

#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/variable.h>

#include <algorithm>

#include "core/error.hpp"

namespace fedorbit {

/// What autograd calls when a leaf's gradient is whole.
class FlatGradient::Catch final : public torch::autograd::PostAccumulateGradHook {
 public:
  Catch(std::shared_ptr<FlatGradient> gradient, std::size_t which) : gradient_(std::move(gradient)), which_(which) {}
  void operator()(const Tensor& leaf) override {
    const Tensor place = Layout::view(gradient_->rows_, gradient_->entries_[which_]);
    if (gradient_->there_[which_])
      place.add_(leaf.grad());
    else
      place.copy_(leaf.grad());
    gradient_->there_[which_] = true;
    leaf.mutable_grad().reset();
  }

 private:
  std::shared_ptr<FlatGradient> gradient_;
  std::size_t which_;
};

FlatGradient::FlatGradient(const Layout& layout, Owner owner, std::int64_t clients, at::Device device)
    : entries_(layout.entries(owner)),
      there_(entries_.size(), false),
      options_(at::TensorOptions(at::kFloat).device(device)),
      shape_{clients, layout.weights(owner)} {}

void FlatGradient::catch_from(const std::shared_ptr<FlatGradient>& gradient, const Tensor& leaf, const Entry& entry) {
  const auto found = std::ranges::find(gradient->entries_, entry.name, &Entry::name);
  require(found != gradient->entries_.end(), "no gradient of ", entry.name, " is expected there.");
  torch::autograd::impl::set_post_acc_grad_hooks(
      leaf, std::make_unique<Catch>(gradient, std::size_t(found - gradient->entries_.begin())));
}

void FlatGradient::begin() {
  std::fill(there_.begin(), there_.end(), false);
  // Somebody may still look at the last one, a strategy that asks at several points.
  if (!rows_.defined() || rows_.use_count() > 1 || rows_.storage().use_count() > 1) rows_ = at::zeros(shape_, options_);
}

const Tensor& FlatGradient::rows() {
  require(rows_.defined(), "a gradient was asked for before any was taken.");
  for (std::size_t i = 0; i < entries_.size(); ++i)
    if (entries_[i].trained && !there_[i]) Layout::view(rows_, entries_[i]).zero_();
  return rows_;
}

}  // namespace fedorbit
