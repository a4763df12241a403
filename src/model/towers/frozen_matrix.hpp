// The weight of products that are taken again and again, forward and back: laid out beforehand as products read it, and
// once for all processes of a node.
#pragma once
#include <functional>
#include <span>

#include "core/tensor.hpp"

namespace fedorbit {

/// Gives back the same bytes, (n) uint8, in memory that other processes of the node read too. All of them call it with
/// the same bytes, in the same order.
using ShareBytes = std::function<Tensor(const Tensor& bytes)>;

/// On the CPU. A row's bits do not depend on what other rows hold. In float32 they do not depend on how many there are
/// either, so that a client's features are the same in any group; in bfloat16 they may (Intel's AMX: oneDNN takes its
/// tiles by the number of rows). Runs need only the first: their groups never depend on ranks.
class FrozenMatrix {
 public:
  FrozenMatrix() = default;
  /// `weight` (out, in), float32 or bfloat16, which is copied.
  explicit FrozenMatrix(const Tensor& weight);

  /// x (R, in) times the transpose of the weight: (R, out), in the weight's type. Builds no graph.
  Tensor times(const Tensor& x) const;
  /// d (R, out) times the weight: (R, in).
  Tensor times_back(const Tensor& d) const;

  bool defined() const { return forward_.defined(); }

 private:
  friend void share(std::span<FrozenMatrix* const> matrices, const ShareBytes& shared);
  Tensor forward_, back_;
  Tensor home_;  // the bytes of both, once shared
};

/// Moves the matrices to shared memory; those that are not defined are passed over.
void share(std::span<FrozenMatrix* const> matrices, const ShareBytes& shared);

}  // namespace fedorbit
