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

/// What a tensor is. A statistic (BatchNorm's) is not trained: Learner::after_step writes it. Clients send it as it is,
/// on a line of the ledger of its own; the server takes the plain mean, and strategies never see it.
enum class Role { weight, statistic };

struct Entry {
  std::string name;
  std::vector<std::int64_t> shape;  // of one client
  Owner owner = Owner::shared;
  bool trained = true;  // false: momentum encoders, queues, statistics; see Learner::after_step
  bool decayed = true;  // whether weight decay applies
  Role role = Role::weight;
  bool convolved = false;  // a convolution's weight (O, I, h, w), which lies as its products read it: (O, h, w, I)
  std::int64_t offset = 0, numel = 0;  // in its owner's flat vector; the layout's business
};

class Layout {
 public:
  /// Appends a tensor; its name must be new, and a statistic is not trained. In its owner's flat vector come first the
  /// weights that are trained (gradients and optimisers know these alone), then the other weights, then statistics.
  void add(Entry entry);
  const std::vector<Entry>& entries() const { return entries_; }
  const Entry& entry(std::string_view name) const;
  std::vector<Entry> entries(Owner owner) const;
  /// Length of the flat vector of an owner.
  std::int64_t size(Owner owner) const { return ends_[int(owner)][2]; }
  /// Length of its first part, which is trained.
  std::int64_t trained(Owner owner) const { return ends_[int(owner)][0]; }
  /// Length of its first two parts: all weights, which strategies and codecs know.
  std::int64_t weights(Owner owner) const { return ends_[int(owner)][1]; }
  /// Length of its last part.
  std::int64_t statistics(Owner owner) const { return size(owner) - weights(owner); }
  /// An entry's tensor in rows (..., size of its owner): a view (..., shape...).
  static Tensor view(const Tensor& rows, const Entry& entry);

 private:
  std::vector<Entry> entries_;
  std::array<std::array<std::int64_t, 3>, 3> ends_{};  // of each owner's parts
};

}  // namespace fedorbit
