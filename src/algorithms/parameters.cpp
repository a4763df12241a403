#include "algorithms/parameters.hpp"

#include <ATen/ops/zeros.h>

#include "core/error.hpp"
#include "core/options.hpp"

namespace fedorbit {

Parameters::Parameters(const Layout& layout, std::int64_t clients, at::Device device)
    : layout_(&layout), clients_(clients) {
  for (const Owner owner : owners) {
    flat_[int(owner)] = at::zeros({clients, layout.size(owner)}, at::TensorOptions(at::kFloat).device(device));
    gradients_[int(owner)] = std::make_shared<FlatGradient>(layout, owner, clients, device);
  }
  for (const auto& entry : layout.entries()) {
    const Tensor leaf = Layout::view(flat(entry.owner), entry).detach().requires_grad_(entry.trained);
    if (entry.trained) FlatGradient::catch_from(gradients_[int(entry.owner)], leaf, entry);
    leaves_.emplace(entry.name, leaf);
  }
}

const Tensor& Parameters::operator[](std::string_view name) const {
  const auto leaf = leaves_.find(name);
  if (leaf != leaves_.end()) return leaf->second;
  std::vector<std::string> names;
  for (const auto& [known, tensor] : leaves_) names.push_back(known);
  fail("there is no parameter named ", name, "; the nearest is ", nearest(std::string(name), names), ".");
}

Tensor Parameters::gradient(Owner owner) const {
  const Tensor& rows = gradients_[int(owner)]->rows();
  return rows.is_cpu() ? rows : rows.clone();  // where a step may be recorded, nothing moves to another place
}

void Parameters::zero_gradient() {
  for (const auto& gradient : gradients_) gradient->begin();
}

}  // namespace fedorbit
