// A second set of some of a network's weights, which is not trained: it has neither a gradient nor an optimiser.
#pragma once
#include <string>
#include <vector>

#include "algorithms/parameters.hpp"
#include "algorithms/turn.hpp"

namespace fedorbit {

class WeightCopy {
 public:
  /// Of what bears these names in the layout, as PREFIX and the name, owned by `owner`.
  WeightCopy(std::string prefix, Owner owner, std::vector<std::string> names)
      : prefix_(std::move(prefix)), owner_(owner), names_(std::move(names)) {}
  const std::string& prefix() const { return prefix_; }
  void add_to(Layout& layout) const;
  /// Learner::initialise(): it begins as what it is a copy of.
  void initialise(Parameters& parameters, Owner owner) const;
  /// w' <- m w' + (1 - m) w, of clients that take the step.
  void follow(Parameters& parameters, const Turn& turn, double momentum) const;

 private:
  std::string prefix_;
  Owner owner_;
  std::vector<std::string> names_;
};

}  // namespace fedorbit
