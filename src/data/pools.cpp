#include "data/pools.hpp"

#include <algorithm>
#include <cmath>

#include "core/error.hpp"

namespace fedorbit {

std::vector<std::int64_t> Pool::all() const {
  std::vector<std::int64_t> out;
  for (const auto& images : by_class) out.insert(out.end(), images.begin(), images.end());
  return out;
}

std::vector<std::int64_t>& of_side(Shard& shard, Side side) {
  return side == Side::train ? shard.train : side == Side::test ? shard.test : shard.validation;
}

namespace {

using Indices = std::vector<std::int64_t>;

Indices take_last(Indices& images, std::size_t count) {
  Indices taken(images.end() - std::ptrdiff_t(count), images.end());
  images.resize(images.size() - count);
  return taken;
}

/// Takes images at even distances, the first at a place that is drawn: of every part of them about the same share.
Indices take_spread(Indices& images, std::size_t count, Stream& stream) {
  const double distance = double(images.size()) / double(count), first = stream.uniform();
  Indices taken, left;
  for (std::size_t i = 0; i < images.size(); ++i)
    (taken.size() < count && i == std::size_t((double(taken.size()) + first) * distance) ? taken : left)
        .push_back(images[i]);
  images = left;
  return taken;
}

}  // namespace

Pools hold_out(const Labelled& data, const PartitionOptions& options, const Keys& keys) {
  require(options.test_fraction + options.validation_fraction < 1,
          "partition.validation_fraction = ", options.validation_fraction,
          " and partition.test_fraction = ", options.test_fraction,
          " leave no image to train on: together they are to be below 1.");
  const std::vector<bool> unseen = unseen_domains(data, options);
  Pools pools;
  for (Pool& pool : pools.of_side) pool.by_class.resize(std::size_t(data.classes));
  for (std::size_t i = 0; i < data.labels.size(); ++i)
    if (unseen[std::size_t(data.domains[i])])
      pools.unseen.push_back(std::int64_t(i));
    else
      pools[Side::train].by_class[std::size_t(data.labels[i])].push_back(std::int64_t(i));
  for (std::size_t c = 0; c < std::size_t(data.classes); ++c) {
    auto& train = pools[Side::train].by_class[c];
    Stream stream = keys.stream(Purpose::split, 0, c);
    stream.shuffle(std::span(train));
    const double images = double(train.size());
    // Where clients have a domain each, so much is held out of each domain, too.
    const bool by_domain = options.kind == "domain";
    if (by_domain)
      std::ranges::stable_sort(train, {}, [&](std::int64_t image) { return data.domains[std::size_t(image)]; });
    for (const auto& [side, fraction] :
         {std::pair{Side::test, options.test_fraction}, {Side::validation, options.validation_fraction}}) {
      const auto count = std::min(std::size_t(std::floor(fraction * images + 0.5)), train.size());
      pools[side].by_class[c] = by_domain ? take_spread(train, count, stream) : take_last(train, count);
    }
  }
  if (options.public_images > 0)  // what is held out is the same with and without them
    pools.public_images =
        take_public_images(pools[Side::train], data, options.public_images, keys.stream(Purpose::split, 1));
  return pools;
}

}  // namespace fedorbit
