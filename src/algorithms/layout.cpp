#include "algorithms/layout.hpp"

#include <ATen/ops/zeros.h>

#include <functional>
#include <numeric>

#include "core/error.hpp"
#include "core/options.hpp"

namespace fedorbit {
namespace {

/// Which part of its owner's flat vector a tensor belongs to.
std::size_t part_of(const Entry& entry) { return entry.role == Role::statistic ? 2 : entry.trained ? 0 : 1; }

}  // namespace

void Layout::add(Entry entry) {
  for (const auto& known : entries_)
    require(known.name != entry.name, "a layout has two tensors named ", entry.name, ".");
  require(entry.role == Role::weight || !entry.trained, "the statistic ", entry.name, " cannot be trained.");
  require(!entry.convolved || entry.shape.size() == 4, "the weight of a convolution, ", entry.name,
          ", has not four dimensions.");
  entry.numel = std::accumulate(entry.shape.begin(), entry.shape.end(), std::int64_t{1}, std::multiplies<>());
  const std::size_t part = part_of(entry);
  for (auto& known : entries_)
    if (known.owner == entry.owner && part_of(known) > part) known.offset += entry.numel;
  auto& ends = ends_[std::size_t(entry.owner)];
  entry.offset = ends[part];
  for (std::size_t later = part; later < ends.size(); ++later) ends[later] += entry.numel;
  entries_.push_back(std::move(entry));
}

const Entry& Layout::entry(std::string_view name) const {
  std::vector<std::string> names;
  for (const auto& entry : entries_) {
    if (entry.name == name) return entry;
    names.push_back(entry.name);
  }
  fail("the layout has no tensor named ", name, "; the nearest is ", nearest(std::string(name), names), ".");
}

std::vector<Entry> Layout::entries(Owner owner) const {
  std::vector<Entry> chosen;
  for (const auto& entry : entries_)
    if (entry.owner == owner) chosen.push_back(entry);
  return chosen;
}

Tensor Layout::view(const Tensor& rows, const Entry& entry) {
  std::vector<std::int64_t> shape = rows.sizes().vec();
  shape.pop_back();
  const auto& own = entry.shape;
  if (entry.convolved)
    shape.insert(shape.end(), {own[0], own[2], own[3], own[1]});
  else
    shape.insert(shape.end(), own.begin(), own.end());
  const Tensor lying = rows.narrow(-1, entry.offset, entry.numel).view(shape);
  return entry.convolved ? lying.movedim(-1, -3) : lying;
}

}  // namespace fedorbit
