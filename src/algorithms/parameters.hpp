// The parameters of a group of K clients: flat storage, and named views of it that are the autograd leaves.
#pragma once
#include <array>
#include <map>
#include <string>
#include <string_view>

#include "algorithms/flat_gradient.hpp"
#include "algorithms/layout.hpp"

namespace fedorbit {

class Parameters {
 public:
  /// Zeros for K clients.
  Parameters(const Layout& layout, std::int64_t clients, at::Device device = at::kCPU);

  const Layout& layout() const { return *layout_; }
  std::int64_t clients() const { return clients_; }
  /// The leaf of that name: (K, shape...).
  const Tensor& operator[](std::string_view name) const;
  /// (K, size of that owner): writing to it changes the leaves.
  const Tensor& flat(Owner owner) const { return flat_[int(owner)]; }
  /// The first columns of flat(owner): (K, Layout::weights).
  Tensor weights(Owner owner) const { return flat(owner).narrow(1, 0, layout_->weights(owner)); }
  /// And the last: (K, Layout::statistics).
  Tensor statistics(Owner owner) const {
    return flat(owner).narrow(1, layout_->weights(owner), layout_->statistics(owner));
  }
  /// (K, Layout::weights): what autograd has brought since zero_gradient(), for weights(owner). What is not trained has
  /// zeros. Whoever holds it finds it unchanged after another zero_gradient().
  Tensor gradient(Owner owner) const;
  /// Gradients exist from the first call on: parameters that only label have none.
  void zero_gradient();

 private:
  const Layout* layout_;
  std::int64_t clients_;
  std::array<Tensor, 3> flat_;
  std::array<std::shared_ptr<FlatGradient>, 3> gradients_;
  std::map<std::string, Tensor, std::less<>> leaves_;
};

}  // namespace fedorbit
