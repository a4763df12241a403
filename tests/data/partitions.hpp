// Images without pixels, and partitions of them.
#pragma once
#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "data/partition.hpp"

namespace fedorbit {

using Indices = std::vector<std::int64_t>;

/// Images in no order: classes of 20, 30, 40, ... images, in three domains.
struct Images {
  Indices labels, domains;
  std::int64_t classes, domain_count;

  explicit Images(std::int64_t classes = 6, std::int64_t domain_count = 3)
      : classes(classes), domain_count(domain_count) {
    for (std::int64_t c = 0; c < classes; ++c) labels.insert(labels.end(), std::size_t(20 + 10 * c), c);
    Stream stream = Keys(3).stream(Purpose::test);
    stream.shuffle(std::span(labels));
    for (std::size_t i = 0; i < labels.size(); ++i)
      domains.push_back(std::int64_t(stream.below(std::uint64_t(domain_count))));
  }
  Labelled view() const { return {labels, domains, classes, domain_count}; }
  Indices counts(const Indices& images) const {
    Indices out(std::size_t(classes), 0);
    for (const auto i : images) ++out[std::size_t(labels[std::size_t(i)])];
    return out;
  }
};

inline PartitionOptions options_of(const std::string& kind, std::int64_t clients = 12) {
  PartitionOptions out;
  out.kind = kind;
  out.clients = clients;
  return out;
}

inline std::unique_ptr<Partition> make(const Images& images, const PartitionOptions& options, std::uint64_t seed = 1) {
  return make_partition(images.view(), options, Keys(seed));
}

inline bool ascending(const Indices& images) {
  return std::ranges::adjacent_find(images, std::greater_equal<>()) == images.end();
}

}  // namespace fedorbit
