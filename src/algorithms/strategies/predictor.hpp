// Which shared weights of a learner without labels are its predictor's, and which its encoder's.
#pragma once
#include <vector>

#include "algorithms/layout.hpp"

namespace fedorbit {

inline bool of_predictor(const Entry& entry) { return entry.name.starts_with("predictor."); }

/// The shared weights for which `chosen` holds, in the layout's order.
template <class Chosen>
std::vector<Entry> shared_weights(const Layout& layout, const Chosen& chosen) {
  std::vector<Entry> entries;
  for (const Entry& entry : layout.entries(Owner::shared))
    if (entry.role == Role::weight && chosen(entry)) entries.push_back(entry);
  return entries;
}

}  // namespace fedorbit
