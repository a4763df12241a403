#include "model/towers/joint_weight.hpp"

#include <ATen/ops/cat.h>

#include "model/towers/tower.hpp"
#include "model/towers/trained_product.hpp"

namespace fedorbit {

JointWeight::JointWeight(const NamedTensors& tensors, const std::string& name) {
  const bool apart = tensors.contains(name + joint_parts[0]);
  for (const char* part : joint_parts)
    if (apart) parts_.push_back(tensor_of(tensors, name + part));
  if (!apart) parts_.push_back(tensor_of(tensors, name));
  width_ = parts_[0].size(1);
}

Tensor JointWeight::rows(std::int64_t first, std::int64_t count) const {
  if (!apart()) return parts_[0].narrow(0, first * width_, count * width_);
  if (count == 1) return parts_[std::size_t(first)];
  return at::cat(std::vector<Tensor>(parts_.begin() + first, parts_.begin() + first + count));
}

Tensor joint_linear(const NamedTensors& tensors, const std::string& name, const Tensor& x, std::int64_t first,
                    std::int64_t count) {
  const JointWeight weight(tensors, name + ".weight");
  const Tensor& bias = tensor_of(tensors, name + ".bias");
  const auto some = [&](std::int64_t from, std::int64_t parts) {
    return trained_product(x, weight.rows(from, parts), bias.narrow(0, from * x.size(-1), parts * x.size(-1)));
  };
  if (!weight.apart() || count == 1) return some(first, count);
  std::vector<Tensor> out;
  for (std::int64_t i = first; i < first + count; ++i) out.push_back(some(i, 1));
  return at::cat(out, -1);
}

NamedTensors with_joint_weights(const NamedTensors& tensors) {
  NamedTensors out = tensors;
  for (const auto& [name, tensor] : tensors) {
    if (!name.ends_with(joint_parts[0])) continue;
    const std::string whole = name.substr(0, name.rfind('.'));
    std::vector<Tensor> parts;
    for (const char* part : joint_parts) {
      parts.push_back(tensor_of(tensors, whole + part));
      out.erase(whole + part);
    }
    out[whole] = at::cat(parts);
  }
  return out;
}

}  // namespace fedorbit
