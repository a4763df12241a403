#include <algorithm>

#include "core/error.hpp"
#include "data/pools.hpp"

namespace fedorbit {
namespace {

using Indices = std::vector<std::int64_t>;

/// The first of each list, then the second of each, and so on while they last.
Indices in_turn(const std::vector<Indices>& lists) {
  std::size_t longest = 0;
  for (const Indices& list : lists) longest = std::max(longest, list.size());
  Indices out;
  for (std::size_t place = 0; place < longest; ++place)
    for (const Indices& list : lists)
      if (place < list.size()) out.push_back(list[place]);
  return out;
}

}  // namespace

Indices take_public_images(Pool& pool, const Labelled& data, std::int64_t count, Stream stream) {
  std::vector<Indices> classes;
  for (const Indices& of_class : pool.by_class) {
    std::vector<Indices> domains(std::size_t(data.domain_count));
    for (const std::int64_t image : of_class) domains[std::size_t(data.domains[std::size_t(image)])].push_back(image);
    stream.shuffle(std::span(domains));  // the first have one more where all cannot have as many
    classes.push_back(in_turn(domains));
  }
  stream.shuffle(std::span(classes));
  Indices taken = in_turn(classes);
  require(count < std::int64_t(taken.size()), "partition.public_images = ", count,
          " would leave no image to train on: ", taken.size(), " are not held out.");
  taken.resize(std::size_t(count));
  std::ranges::sort(taken);
  for (Indices& of_class : pool.by_class)
    std::erase_if(of_class, [&](std::int64_t image) { return std::ranges::binary_search(taken, image); });
  return taken;
}

}  // namespace fedorbit
