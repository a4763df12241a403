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
enum class Kind { shared, personal, turn };
inline constexpr std::array kinds{Kind::shared, Kind::personal, Kind::turn};

struct Entry {
  std::string name;
  std::vector<std::int64_t> shape;  // of one client
  Kind kind = Kind::shared;
  bool trained = true;                 // false: momentum encoders, queues, statistics; see Learner::after_step
  bool decayed = true;                 // whether weight decay applies
  std::int64_t offset = 0, numel = 0;  // in the flat vector of its kind; filled by add()
};

class Layout {
 public:
  /// Appends a tensor; its name must be new.
  void add(Entry entry);
  const std::vector<Entry>& entries() const { return entries_; }
  const Entry& entry(std::string_view name) const;
  std::vector<Entry> entries(Kind kind) const;
  /// Length of the flat vector of a kind.
  std::int64_t size(Kind kind) const { return sizes_[int(kind)]; }
  /// 1 where `flag` holds, else 0, for every number of a kind: (size), float32.
  Tensor mask(Kind kind, bool Entry::*flag) const;

 private:
  std::vector<Entry> entries_;
  std::array<std::int64_t, 3> sizes_{};
};

}  // namespace fedorbit
