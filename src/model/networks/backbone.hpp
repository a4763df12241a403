// A network that clients train whole: images to features, as a pure function of tensors that bear the names they have
// in published state dicts.
#pragma once
#include <string>
#include <vector>

#include "io/safetensors.hpp"

namespace fedorbit {

/// A tensor of a network, and what it starts from where no weights are read.
struct NetworkTensor {
  std::string name;
  std::vector<std::int64_t> shape;
  double spread = 0;       // the standard deviation of normally distributed numbers around `value`
  double value = 0;        // all of them where the spread is 0
  bool decayed = true;     // by weight decay: biases and norms are not
  bool statistic = false;  // of a batch norm, a running mean or variance
  bool convolved = false;  // whether it is a convolution's weight
  bool float32 = false;    // whether it stays so where the network computes in bfloat16
};

class Backbone {
 public:
  virtual ~Backbone() = default;
  /// All but the head, in the order of the network.
  virtual const std::vector<NetworkTensor>& tensors() const = 0;
  /// What state dicts call the linear layer behind it: NAME.weight (classes, width) and NAME.bias.
  virtual const char* head() const = 0;
  virtual std::int64_t width() const = 0;       // d, of its features
  virtual std::int64_t image_size() const = 0;  // S, pixels
  /// About how many numbers are kept of each image until its gradient is taken.
  virtual double kept_per_image() const = 0;
  /// Images (N, 3, S, S) -> features (N, d), in the type of the weights. In training, `seen` is there: a batch norm
  /// whose weight needs a gradient takes the mean and the variance of its batch and leaves both in `seen` under the
  /// names of its running ones (the variance divided by n - 1, as these have it). Other batch norms take the running
  /// ones, or the batch's where `tensors` hold none.
  virtual Tensor features(const NamedTensors& tensors, const Tensor& images, NamedTensors* seen = nullptr) const = 0;
};

}  // namespace fedorbit
