// Who owns which images: clients as a pure function of (data, options, seed, client).
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/client_id.hpp"
#include "core/keys.hpp"
#include "data/dataset.hpp"
#include "data/partition_options.hpp"

namespace fedorbit {

/// The images of one client, or of all, as ascending indices into the data set. No image trains one client and is
/// anything else to another. A client that never trains has unseen ones alone, and public ones are no client's.
struct Shard {
  std::vector<std::int64_t> train, validation, test, unseen, public_images;
};

/// What a partition needs to know of a data set: one entry per image.
struct Labelled {
  std::span<const std::int64_t> labels, domains;
  std::int64_t classes, domain_count;
  std::span<const std::string> domain_names{};  // where they are known
  std::string_view checksum{};                  // likewise
};

class Partition {
 public:
  virtual ~Partition() = default;
  /// Those that train, 0 to clients() - 1, and those that never do, numbered on from there.
  virtual std::int64_t clients() const = 0;
  virtual std::int64_t unseen_clients() const { return 0; }
  virtual Shard shard(ClientId client) const = 0;
  /// No client has more training images; found without asking each.
  virtual std::int64_t most_images() const = 0;
  /// Whether an image may be several clients'.
  virtual bool overlaps() const { return false; }
  /// The images of all clients, those that no client was given, in `unseen` those of unseen clients and domains, and
  /// the server's public ones.
  const Shard& pools() const { return pools_; }
  const std::vector<std::int64_t>& test_pool() const { return pools_.test; }
  const std::vector<std::int64_t>& train_pool() const { return pools_.train; }

 protected:
  Shard pools_;
};

/// The most training images that one of these has.
std::int64_t most_images(const std::vector<Shard>& shards);

/// Throws where a client would own nothing, naming it and what would help. `keys` are of PartitionOptions::seed.
std::unique_ptr<Partition> make_partition(const Labelled& data, const PartitionOptions& options, const Keys& keys);

}  // namespace fedorbit
