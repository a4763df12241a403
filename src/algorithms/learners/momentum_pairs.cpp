#include "algorithms/learners/momentum_pairs.hpp"

#include <c10/core/GradMode.h>

namespace fedorbit {

void MomentumPairs::begin(const Material& material, const MlpHead& followed, const std::vector<MlpHead>& others) {
  followed_ = followed;
  std::vector<MlpHead> heads{followed};
  heads.insert(heads.end(), others.begin(), others.end());
  ViewPairs::begin(material, heads);
  std::vector<std::string> names = weights_of_backbone();
  for (const NetworkTensor& tensor : followed.tensors()) names.push_back(tensor.name);
  copy_.emplace("momentum.", owner(), std::move(names));
  add(*copy_);
}

void MomentumPairs::initialise(Parameters& parameters, Owner of, std::span<const ClientId> clients, const Keys& keys) {
  ViewPairs::initialise(parameters, of, clients, keys);
  copy_->initialise(parameters, of);
}

void MomentumPairs::after_step(Parameters& parameters, const Turn& turn) {
  ViewPairs::after_step(parameters, turn);
  copy_->follow(parameters, turn, momentum_);
}

Tensor MomentumPairs::of_momentum_encoder(const Pair& pair, const Tensor& images) const {
  const at::NoGradGuard no_gradient;
  const NamedTensors model = copy_of(pair.parameters, pair.k, copy_->prefix());
  return followed_(model, features(model, images));
}

}  // namespace fedorbit
