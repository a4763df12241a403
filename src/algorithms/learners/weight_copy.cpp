#include "algorithms/learners/weight_copy.hpp"

#include <ATen/TensorOperators.h>
#include <c10/core/GradMode.h>

namespace fedorbit {

void WeightCopy::add_to(Layout& layout) const {
  for (const std::string& name : names_) {
    const Entry& entry = layout.entry(name);
    layout.add({.name = prefix_ + name,
                .shape = entry.shape,
                .owner = owner_,
                .trained = false,
                .decayed = false,
                .convolved = entry.convolved});
  }
}

void WeightCopy::initialise(Parameters& parameters, Owner owner) const {
  if (owner != owner_) return;
  const at::NoGradGuard no_gradient;
  for (const std::string& name : names_) parameters[prefix_ + name].detach().copy_(parameters[name].detach());
}

void WeightCopy::follow(Parameters& parameters, const Turn& turn, double momentum) const {
  for (std::int64_t k = 0; k < parameters.clients(); ++k) {
    if (turn.active[k].item<float>() == 0) continue;
    for (const std::string& name : names_)
      parameters[prefix_ + name].detach()[k].lerp_(parameters[name].detach()[k], 1 - momentum);
  }
}

}  // namespace fedorbit
