#include "data/sampled.hpp"

#include <algorithm>
#include <cmath>

#include "core/error.hpp"

namespace fedorbit {
namespace {

/// Classes by the shares, images of a class with equal chance; an image drawn twice is owned once.
std::vector<std::int64_t> draw(const Pool& pool, const std::vector<double>& shares, std::int64_t count,
                               Stream& stream) {
  std::vector<std::int64_t> out;
  for (std::int64_t i = 0; i < count; ++i) {
    double at = stream.uniform();
    std::size_t c = 0;
    while (c + 1 < shares.size() && (at -= shares[c]) >= 0) ++c;
    while (pool.by_class[c].empty()) c = (c + 1) % shares.size();
    out.push_back(pool.by_class[c][stream.below(pool.by_class[c].size())]);
  }
  std::ranges::sort(out);
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

}  // namespace

Sampled::Sampled(const Labelled& data, const PartitionOptions& options, const Keys& keys)
    : options_(options), keys_(keys), by_class_(hold_out(data, options, keys)) {
  require(options.unseen_clients == 0, "partition.unseen_clients = ", options.unseen_clients,
          ": clients of partition.kind = \"sampled\" share their images with others, so none is unseen; use another "
          "kind, or partition.unseen_domains.");
  for (const Side side : sides) {
    of_side(pools_, side) = by_class_[side].all();
    std::ranges::sort(of_side(pools_, side));
  }
  pools_.unseen = by_class_.unseen;
  pools_.public_images = by_class_.public_images;
  require(!pools_.train.empty(),
          "partition: there are no training images to draw from; use more images, or a smaller "
          "partition.test_fraction.");
}

Shard Sampled::shard(ClientId client) const {
  Stream stream = keys_.stream(Purpose::partition, 0, std::uint64_t(client));
  const auto shares = stream.dirichlet(options_.alpha, by_class_[Side::train].by_class.size());
  const auto held_out = [&](const std::vector<std::int64_t>& pool, double fraction) {
    return pool.empty() ? 0 : std::int64_t(std::ceil(double(options_.samples_per_client) * fraction));
  };
  Shard shard;
  shard.train = draw(by_class_[Side::train], shares, options_.samples_per_client, stream);
  shard.test = draw(by_class_[Side::test], shares, held_out(pools_.test, options_.test_fraction), stream);
  shard.validation =
      draw(by_class_[Side::validation], shares, held_out(pools_.validation, options_.validation_fraction), stream);
  return shard;
}

}  // namespace fedorbit
