#include "model/prompts/tree_steps.hpp"

namespace fedorbit {

std::unique_ptr<TreeSteps> make_tree_steps(const TowerConfig& tower, Activation activation, c10::ScalarType type,
                                           at::Device) {
  return tree_steps_in_operators(tower, activation, type);
}

}  // namespace fedorbit
