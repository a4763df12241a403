// Where autograd leaves the gradients of leaves: one after another in flat rows, as optimisers and strategies read
// them.
#pragma once
#include <memory>
#include <vector>

#include "algorithms/layout.hpp"

namespace fedorbit {

/// The gradient of one owner's weights for K clients, (K, Layout::weights); what is not trained stays zero.
class FlatGradient {
 public:
  FlatGradient(const Layout& layout, Owner owner, std::int64_t clients, at::Device device);

  /// From now on a leaf's gradient is moved here as soon as it is whole, while the caches still hold it, and its own
  /// memory is free again: what autograd itself would do takes a pass over all gradients to put zeros there, one to add
  /// to them, and as much memory again. The leaf must be the entry of that name. It never has a gradient of its own.
  static void catch_from(const std::shared_ptr<FlatGradient>& gradient, const Tensor& leaf, const Entry& entry);

  /// Nothing has come yet.
  void begin();
  /// What has come since, summed; zeros where nothing has. Whoever keeps it finds it unchanged after begin().
  const Tensor& rows();

 private:
  class Catch;
  std::vector<Entry> entries_;
  std::vector<bool> there_;  // of each entry
  at::TensorOptions options_;
  std::vector<std::int64_t> shape_;
  Tensor rows_;
};

}  // namespace fedorbit
