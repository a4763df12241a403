#include "algorithms/parameters.hpp"

#include <ATen/ops/cat.h>
#include <ATen/ops/zeros.h>

#include "core/error.hpp"

namespace fedorbit {

Parameters::Parameters(const Layout& layout, std::int64_t clients, at::Device device)
    : layout_(&layout), clients_(clients) {
  for (const Owner owner : owners) {
    const auto options = at::TensorOptions(at::kFloat).device(device);
    flat_[int(owner)] = at::zeros({clients, layout.size(owner)}, options);
  }
  for (const auto& entry : layout.entries()) {
    std::vector<std::int64_t> shape{clients};
    shape.insert(shape.end(), entry.shape.begin(), entry.shape.end());
    Tensor leaf = flat_[int(entry.owner)].narrow(1, entry.offset, entry.numel).view(shape).detach();
    if (entry.trained) {
      leaf.requires_grad_(true);
      // Autograd adds into a gradient that is there. A leaf among others has gaps between its clients, and autograd
      // wants the gradient of such a leaf in one piece: as a view of flat gradients it would break what autograd relies
      // on.
      leaf.mutable_grad() = at::zeros(shape, leaf.options());
    }
    leaves_.emplace(entry.name, leaf);
  }
}

const Tensor& Parameters::operator[](std::string_view name) const {
  const auto leaf = leaves_.find(name);
  require(leaf != leaves_.end(), "there is no parameter named ", name, ".");
  return leaf->second;
}

Tensor Parameters::gradient(Owner owner) const {
  std::vector<Tensor> columns{at::zeros({clients_, 0}, flat(owner).options())};
  for (const auto& entry : layout_->entries(owner)) {
    const Tensor& leaf = (*this)[entry.name];
    columns.push_back(entry.trained ? leaf.grad().view({clients_, entry.numel})
                                    : at::zeros({clients_, entry.numel}, flat(owner).options()));
  }
  return at::cat(columns, 1);
}

void Parameters::zero_gradient() {
  for (auto& [name, leaf] : leaves_)
    if (leaf.requires_grad() && leaf.numel() > 0) leaf.mutable_grad().zero_();
}

}  // namespace fedorbit
