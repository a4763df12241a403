#include "algorithms/turn.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>

#include "core/error.hpp"

namespace fedorbit {

Tensor& Memory::operator()(const std::string& name, std::int64_t size) {
  auto [row, fresh] = rows_.try_emplace(name);
  if (fresh) row->second = at::zeros({clients_, size}, at::kFloat);
  return row->second;
}

Diagnostics::Diagnostics(std::vector<std::string> names, std::int64_t clients)
    : names_(std::move(names)),
      sums_(at::zeros({clients, std::int64_t(names_.size())}, at::kDouble)),
      counts_(at::zeros_like(sums_)) {}

void Diagnostics::observe(const std::string& name, const Tensor& values, const Tensor& active) {
  const auto found = std::ranges::find(names_, name);
  require(found != names_.end(), "the learner observes ", name, ", which it did not declare.");
  const std::int64_t column = found - names_.begin();
  const Tensor on = active.detach().to(at::kCPU, at::kDouble);
  const Tensor seen = values.detach().to(at::kCPU, at::kDouble);
  sums_.select(1, column).add_(at::where(on > 0, seen, at::zeros_like(seen)));
  counts_.select(1, column).add_(on);
}

Tensor Diagnostics::means() const { return sums_ / counts_; }

}  // namespace fedorbit
