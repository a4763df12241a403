// The tensors of a message, one after another, whole or cut into blocks.
#pragma once
#include <algorithm>
#include <cstdint>

#include "algorithms/layout.hpp"

namespace fedorbit {

/// Calls `action` with each tensor of a message, an Entry, in the order in which they lie: those that are trained
/// first.
template <class Action>
void by_tensors(const Layout& layout, Action action) {
  for (const bool trained : {true, false})
    for (const Entry& entry : layout.entries())
      if (entry.owner == Owner::shared && entry.role == Role::weight && entry.trained == trained) action(entry);
}

/// Calls `action` with where `count` numbers in blocks of `block` begin, and how many each has: the last may have
/// fewer. A block of 0 has them all.
template <class Action>
void by_blocks(std::int64_t count, std::int64_t block, Action action) {
  const std::int64_t length = block > 0 ? block : count;
  for (std::int64_t first = 0; first < count; first += length) action(first, std::min(length, count - first));
}

}  // namespace fedorbit
