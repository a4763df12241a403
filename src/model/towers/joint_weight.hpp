// The weight of the product that gives an attention its queries, keys and values: one matrix (3w, w), or three (w, w)
// where a file keeps them apart, so that each stays where it lies in the mapped file.
#pragma once
#include <array>
#include <string>
#include <vector>

#include "io/safetensors.hpp"

namespace fedorbit {

/// What follows the name of a joint weight in the names of its parts, in order.
constexpr std::array<const char*, 3> joint_parts{".queries", ".keys", ".values"};

class JointWeight {
 public:
  /// The tensor NAME, or its three parts, or a sentence that neither is there.
  JointWeight(const NamedTensors& tensors, const std::string& name);

  /// Whether its parts are matrices of their own.
  bool apart() const { return parts_.size() > 1; }
  /// The rows of `count` parts from `first`, (count w, w): a view where they lie together, else a copy.
  Tensor rows(std::int64_t first, std::int64_t count) const;

 private:
  std::vector<Tensor> parts_;  // one or three
  std::int64_t width_;
};

/// NAME.weight as above and NAME.bias (3w), or `count` parts of both from `first`, applied to the last dimension of x:
/// (..., w) -> (..., count w).
Tensor joint_linear(const NamedTensors& tensors, const std::string& name, const Tensor& x, std::int64_t first = 0,
                    std::int64_t count = 3);

/// The same tensors with parts joined, as files of our own have them.
NamedTensors with_joint_weights(const NamedTensors& tensors);

}  // namespace fedorbit
