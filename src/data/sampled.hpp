// Clients that draw their own images when they are asked for them, so that millions cost nothing until they take part.
#pragma once
#include "data/pools.hpp"

namespace fedorbit {

class Sampled final : public Partition {
 public:
  Sampled(const Labelled& data, const PartitionOptions& options, const Keys& keys);
  std::int64_t clients() const override { return options_.clients; }
  std::int64_t most_images() const override { return options_.samples_per_client; }
  Shard shard(ClientId client) const override;
  bool overlaps() const override { return true; }

 private:
  PartitionOptions options_;
  Keys keys_;
  Pools by_class_;
};

}  // namespace fedorbit
