#include "algorithms/turn.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>

#include "core/error.hpp"

namespace fedorbit {

Memory::Memory(std::int64_t clients, const std::map<std::string, std::int64_t>& lengths, at::Device device)
    : lengths_(lengths) {
  std::int64_t total = 0;
  for (const auto& [name, length] : lengths) total += length;
  flat_ = at::zeros({clients, total}, at::TensorOptions(at::kFloat).device(device));
}

Tensor Memory::operator()(const std::string& name) const {
  std::int64_t offset = 0;
  for (const auto& [known, length] : lengths_) {
    if (known == name) return flat_.narrow(1, offset, length);
    offset += length;
  }
  fail("the strategy uses a memory named ", name, ", which it did not declare.");
}

Diagnostics::Diagnostics(std::vector<std::string> names, std::int64_t clients, at::Device device)
    : names_(std::move(names)),
      sums_(at::zeros({clients, std::int64_t(names_.size())}, at::TensorOptions(at::kDouble).device(device))),
      counts_(at::zeros_like(sums_)) {}

void Diagnostics::observe(const std::string& name, const Tensor& values, const Tensor& active) {
  const auto found = std::ranges::find(names_, name);
  require(found != names_.end(), "the learner observes ", name, ", which it did not declare.");
  const std::int64_t column = found - names_.begin();
  const Tensor on = active.detach().to(at::kDouble), seen = values.detach().to(at::kDouble);
  sums_.select(1, column).add_(at::where(on > 0, seen, at::zeros_like(seen)));
  counts_.select(1, column).add_(on);
}

Tensor Diagnostics::means() const { return sums_ / counts_; }

void Diagnostics::clear() {
  sums_.zero_();
  counts_.zero_();
}

}  // namespace fedorbit
