// The tensors of a checkpoint as a model takes them: each once, of the right shape, finite, and used where it lies.
#pragma once
#include <set>
#include <string>
#include <vector>

#include "io/weights.hpp"

namespace fedorbit {

/// Throws a sentence that names the architecture where the tensors are of one that is not supported: SigLIP, timm's
/// vision towers, text towers of other families.
void refuse_other_architectures(const NamedTensors& tensors, const std::string& where);

class CheckpointReader {
 public:
  /// `where` names the file in errors; both must outlive this. `type` float32 or bfloat16.
  CheckpointReader(const Weights& weights, const std::string& where, c10::ScalarType type)
      : weights_(weights), where_(where), type_(type) {}

  /// The tensor in this reader's type: a view on the file where that has the type already, otherwise a copy, and
  /// the file's pages are given back. A scalar may be stored as a vector of one.
  Tensor take(const std::string& name, const std::vector<std::int64_t>& shape);
  /// The same, several joined along rows; `shape` is that of the result.
  Tensor take_joined(const std::vector<std::string>& names, std::vector<std::int64_t> shape);
  /// Several matrices that belong below each other: each where it lies, if all have the type already; else one, joined.
  std::vector<Tensor> take_joint(const std::vector<std::string>& names, std::vector<std::int64_t> shape);
  /// One matrix, transposed; `shape` is that of the result.
  Tensor take_transposed(const std::string& name, const std::vector<std::int64_t>& shape);
  /// A convolution with the batch norm after it folded in: w g / sqrt(v + 1e-5) and b - m g / sqrt(v + 1e-5).
  std::pair<Tensor, Tensor> take_folded(const std::string& convolution, const std::string& norm,
                                        const std::vector<std::int64_t>& shape);
  /// What the file's tensors of such names (those that begin so) are for is over: they are neither read nor missed.
  void leave(const std::string& beginning);
  /// Throws where the file has a tensor that was not taken and means something: its model computes what ours does not.
  void check_rest() const;

 private:
  const Tensor& find(const std::string& name, const std::vector<std::int64_t>& shape);
  Tensor copied(const Tensor& made, const Tensor& source) const;

  const Weights& weights_;
  const std::string& where_;
  c10::ScalarType type_;
  std::set<std::string> taken_;
};

}  // namespace fedorbit
