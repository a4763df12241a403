// The names, shapes and places of a learner's tensors in its flat storage.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/tensor.hpp"

namespace fedorbit {

/// Whose a tensor is: averaged by the server, kept by its client, or made anew for every turn.
enum class Owner { shared, personal, turn };
inline constexpr std::array owners{Owner::shared, Owner::personal, Owner::turn};

struct Entry {
  std::string name;
  std::vector<std::int64_t> shape;  // of one client
  Owner owner = Owner::shared;
  bool trained = true;                 // false: momentum encoders, queues, statistics; see Learner::after_step
  bool decayed = true;                 // whether weight decay applies
  std::int64_t offset = 0, numel = 0;  // in its owner's flat vector; the layout's business
};

class Layout {
 public:
  /// Appends a tensor; its name must be new. In its owner's flat vector, tensors that are trained come before those
  /// that are not: gradients and optimisers know that first part alone.
  void add(Entry entry);
  const std::vector<Entry>& entries() const { return entries_; }
  const Entry& entry(std::string_view name) const;
  std::vector<Entry> entries(Owner owner) const;
  /// Length of the flat vector of an owner.
  std::int64_t size(Owner owner) const { return sizes_[int(owner)]; }
  /// Length of its first part, which is trained.
  std::int64_t trained(Owner owner) const { return trained_[int(owner)]; }
  /// 1 where weight decay applies, else 0, for every number of an owner that is trained: (trained), float32.
  Tensor decayed(Owner owner) const;

 private:
  std::vector<Entry> entries_;
  std::array<std::int64_t, 3> sizes_{}, trained_{};
};

}  // namespace fedorbit
