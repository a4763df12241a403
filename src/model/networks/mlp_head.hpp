// The small networks that stand behind a backbone while it learns without labels: linear layers with norms and ReLUs
// between them.
#pragma once
#include <string>
#include <vector>

#include "model/networks/backbone.hpp"

namespace fedorbit {

/// What is normalised is each number over the batch (by its own statistics, always: nothing is kept), each image over
/// its numbers, or nothing.
enum class HeadNorm { batch, layer, none };

struct MlpHead {
  std::string name;                  // NAME.0.weight, ...: numbered as in PyTorch's Sequential
  std::vector<std::int64_t> widths;  // of what goes in, of each hidden layer, of what comes out
  HeadNorm norm = HeadNorm::batch;   // before each ReLU
  bool normed_end = false;           // whether what comes out is normalised, too, without weights

  /// Linear layers without biases where a norm follows, which would take them out again.
  std::vector<NetworkTensor> tensors() const;
  /// (N, widths.front()) -> (N, widths.back()), in the type of the weights.
  Tensor operator()(const NamedTensors& tensors, const Tensor& x) const;
  /// About how many numbers are kept of each image until its gradient is taken.
  double kept_per_image() const;

 private:
  bool ends_at(std::size_t layer) const { return layer + 2 == widths.size(); }
  HeadNorm norm_after(std::size_t layer) const { return ends_at(layer) && !normed_end ? HeadNorm::none : norm; }
  /// The number of a linear layer: behind each but the last stand a norm, if there is one, and a ReLU.
  std::string numbered(std::size_t layer, int behind) const;
};

}  // namespace fedorbit
