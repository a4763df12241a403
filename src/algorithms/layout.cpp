#include "algorithms/layout.hpp"

#include <ATen/ops/zeros.h>

#include <functional>
#include <numeric>

#include "core/error.hpp"

namespace fedorbit {

void Layout::add(Entry entry) {
  for (const auto& known : entries_)
    require(known.name != entry.name, "a layout has two tensors named ", entry.name, ".");
  entry.numel = std::accumulate(entry.shape.begin(), entry.shape.end(), std::int64_t{1}, std::multiplies<>());
  std::int64_t& trained = trained_[int(entry.owner)];
  if (entry.trained)
    for (auto& known : entries_)
      if (known.owner == entry.owner && !known.trained) known.offset += entry.numel;
  entry.offset = entry.trained ? trained : sizes_[int(entry.owner)];
  trained += entry.trained ? entry.numel : 0;
  sizes_[int(entry.owner)] += entry.numel;
  entries_.push_back(std::move(entry));
}

const Entry& Layout::entry(std::string_view name) const {
  for (const auto& entry : entries_)
    if (entry.name == name) return entry;
  fail("the layout has no tensor named ", name, ".");
}

std::vector<Entry> Layout::entries(Owner owner) const {
  std::vector<Entry> chosen;
  for (const auto& entry : entries_)
    if (entry.owner == owner) chosen.push_back(entry);
  return chosen;
}

Tensor Layout::decayed(Owner owner) const {
  Tensor out = at::zeros({trained(owner)}, at::kFloat);
  for (const auto& entry : entries(owner))
    if (entry.trained && entry.decayed) out.narrow(0, entry.offset, entry.numel).fill_(1);
  return out;
}

}  // namespace fedorbit
