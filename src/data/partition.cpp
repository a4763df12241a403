#include "data/partition.hpp"

#include <algorithm>

#include "data/dealt.hpp"
#include "data/sampled.hpp"
#include "data/split_file.hpp"

namespace fedorbit {

std::int64_t most_images(const std::vector<Shard>& shards) {
  std::size_t most = 0;
  for (const Shard& shard : shards) most = std::max(most, shard.train.size());
  return std::int64_t(most);
}

std::unique_ptr<Partition> make_partition(const Labelled& data, const PartitionOptions& options, const Keys& keys) {
  if (options.kind == "file") return read_split(options.file, data);
  if (options.kind == "sampled") return std::make_unique<Sampled>(data, options, keys);
  return std::make_unique<Dealt>(data, options, keys);
}

}  // namespace fedorbit
