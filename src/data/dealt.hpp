// Disjoint shards, dealt once.
#pragma once
#include <array>
#include <vector>

#include "data/dealing.hpp"
#include "data/pools.hpp"

namespace fedorbit {

/// How many of the clients never train.
std::int64_t unseen_clients(const PartitionOptions& options);

class Dealt final : public Partition {
 public:
  Dealt(const Labelled& data, const PartitionOptions& options, const Keys& keys);
  std::int64_t clients() const override { return std::int64_t(shards_.size()) - unseen_; }
  std::int64_t unseen_clients() const override { return unseen_; }
  std::int64_t most_images() const override { return fedorbit::most_images(shards_); }
  Shard shard(ClientId client) const override { return shards_.at(std::size_t(client)); }

 private:
  void deal(const Pools& pools, std::uint64_t attempt, std::array<Hands, sides.size()>& hands) const;
  void deal_classes(const Pools& pools, std::array<Hands, sides.size()>& hands) const;
  void deal_domains(const Pools& pools, std::array<Hands, sides.size()>& hands) const;
  /// The last clients' images are nobody's to train on.
  void hide_unseen();
  void check() const;

  Labelled data_;
  PartitionOptions options_;
  Keys keys_;
  std::int64_t unseen_;
  std::vector<ClientId> everyone_;
  std::vector<Shard> shards_;
};

}  // namespace fedorbit
