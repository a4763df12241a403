#include "algorithms/parameters.hpp"

#include <ATen/ops/zeros.h>

#include "core/error.hpp"

namespace fedorbit {

Parameters::Parameters(const Layout& layout, std::int64_t clients, at::Device device)
    : layout_(&layout), clients_(clients) {
  for (const Owner owner : owners) {
    const auto options = at::TensorOptions(at::kFloat).device(device);
    flat_[int(owner)] = at::zeros({clients, layout.size(owner)}, options);
    gradient_[int(owner)] = at::zeros({clients, layout.size(owner)}, options);
  }
  for (const auto& entry : layout.entries()) {
    std::vector<std::int64_t> shape{clients};
    shape.insert(shape.end(), entry.shape.begin(), entry.shape.end());
    auto view = [&](const Tensor& flat) { return flat.narrow(1, entry.offset, entry.numel).view(shape); };
    Tensor leaf = view(flat_[int(entry.owner)]).detach();
    if (entry.trained) {
      leaf.requires_grad_(true);
      // Autograd adds into a gradient that is there, so all of them meet in one flat tensor without a copy.
      leaf.mutable_grad() = view(gradient_[int(entry.owner)]);
    }
    leaves_.emplace(entry.name, leaf);
  }
}

const Tensor& Parameters::operator[](std::string_view name) const {
  const auto leaf = leaves_.find(name);
  require(leaf != leaves_.end(), "there is no parameter named ", name, ".");
  return leaf->second;
}

void Parameters::zero_gradient() {
  for (auto& gradient : gradient_)
    if (gradient.numel() > 0) gradient.zero_();
}

}  // namespace fedorbit
