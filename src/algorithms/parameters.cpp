#include "algorithms/parameters.hpp"

#include <ATen/ops/cat.h>
#include <ATen/ops/zeros.h>

#include "core/error.hpp"

namespace fedorbit {

Parameters::Parameters(const Layout& layout, std::int64_t clients, at::Device device)
    : layout_(&layout), clients_(clients) {
  for (const Owner owner : owners)
    flat_[int(owner)] = at::zeros({clients, layout.size(owner)}, at::TensorOptions(at::kFloat).device(device));
  for (const auto& entry : layout.entries()) {
    std::vector<std::int64_t> shape{clients};
    shape.insert(shape.end(), entry.shape.begin(), entry.shape.end());
    const Tensor leaf = flat_[int(entry.owner)].narrow(1, entry.offset, entry.numel).view(shape).detach();
    leaves_.emplace(entry.name, leaf.requires_grad_(entry.trained));
  }
}

const Tensor& Parameters::operator[](std::string_view name) const {
  const auto leaf = leaves_.find(name);
  require(leaf != leaves_.end(), "there is no parameter named ", name, ".");
  return leaf->second;
}

Tensor Parameters::gradient(Owner owner) const {
  std::vector<Tensor> columns{at::zeros({clients_, 0}, flat(owner).options())};
  for (const auto& entry : layout_->entries(owner))
    if (entry.trained) columns.push_back((*this)[entry.name].grad().view({clients_, entry.numel}));
  return at::cat(columns, 1);
}

void Parameters::zero_gradient() {
  for (auto& [name, leaf] : leaves_) {
    if (!leaf.requires_grad()) continue;
    // Autograd adds into a gradient that is there. A leaf among others has gaps between its clients, and autograd wants
    // the gradient of such a leaf in one piece: as a view of flat gradients it would break what autograd relies on.
    if (!leaf.grad().defined())
      leaf.mutable_grad() = at::zeros(leaf.sizes(), leaf.options().requires_grad(false));
    else if (leaf.numel() > 0)
      leaf.mutable_grad().zero_();
  }
}

}  // namespace fedorbit
