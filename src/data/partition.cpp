#include "data/partition.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/error.hpp"

namespace fedorbit {
namespace {

using Indices = std::vector<std::int64_t>;

/// The training or the test images, by class, each class in random order.
struct Pool {
  std::vector<Indices> by_class;
  Indices all() const {
    Indices out;
    for (const auto& images : by_class) out.insert(out.end(), images.begin(), images.end());
    return out;
  }
};

struct Pools {
  Pool train, test;
};

/// Holds out the same share of every class, so that both pools have the data set's class mixture.
Pools split(const Labelled& data, double test_fraction, const Keys& keys) {
  Pools pools{{std::vector<Indices>(data.classes)}, {std::vector<Indices>(data.classes)}};
  for (std::size_t i = 0; i < data.labels.size(); ++i) pools.train.by_class[data.labels[i]].push_back(std::int64_t(i));
  for (std::int64_t c = 0; c < data.classes; ++c) {
    Indices& train = pools.train.by_class[c];
    Stream stream = keys.stream(Purpose::split, 0, c);
    stream.shuffle(std::span(train));
    const auto held_out = std::int64_t(std::floor(test_fraction * double(train.size()) + 0.5));
    pools.test.by_class[c].assign(train.end() - held_out, train.end());
    train.resize(train.size() - held_out);
  }
  return pools;
}

/// Deals in turn to clients whose order is drawn anew each time around: sizes differ by one at most.
void deal_evenly(const Indices& images, const std::vector<ClientId>& clients, Stream stream,
                 std::vector<Indices>& owned) {
  std::vector<ClientId> order = clients;
  for (std::size_t i = 0; i < images.size(); ++i) {
    const std::size_t seat = i % order.size();
    if (seat == 0) stream.shuffle(std::span(order));
    owned[order[seat]].push_back(images[i]);
  }
}

/// Cuts the images into consecutive pieces in proportion to the shares (which sum to 1).
void cut(const Indices& images, const std::vector<double>& shares, const std::vector<ClientId>& clients,
         std::vector<Indices>& owned) {
  double cumulative = 0;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    cumulative += shares[i];
    const std::size_t end =
        i + 1 == shares.size() ? images.size() : std::min(images.size(), std::size_t(cumulative * images.size() + 0.5));
    for (; begin < end; ++begin) owned[clients[i]].push_back(images[begin]);
  }
}

/// Disjoint shards, dealt once.
class Dealt final : public Partition {
 public:
  Dealt(const Labelled& data, const PartitionOptions& options, const Keys& keys)
      : data_(data), options_(options), keys_(keys) {
    const Pools pools = split(data, options.test_fraction, keys);
    train_pool_ = pools.train.all();
    test_pool_ = pools.test.all();
    require(options.clients <= std::int64_t(train_pool_.size()), "partition.clients: ", options.clients,
            " clients cannot share ", train_pool_.size(),
            " training images without overlap; use fewer clients, or "
            "partition.kind = \"sampled\".");
    train_.resize(std::size_t(options.clients));
    test_.resize(std::size_t(options.clients));
    everyone_.resize(std::size_t(options.clients));
    std::iota(everyone_.begin(), everyone_.end(), 0);
    constexpr std::uint64_t attempts = 100;
    for (std::uint64_t attempt = 0; attempt < attempts; ++attempt) {
      for (auto* side : {&train_, &test_})
        for (auto& images : *side) images.clear();
      deal(pools, attempt);
      if (smallest() >= options.min_samples || !random_sizes()) break;
    }
    check();
    for (auto* side : {&train_, &test_})
      for (auto& images : *side) std::ranges::sort(images);
    std::ranges::sort(train_pool_);
    std::ranges::sort(test_pool_);
  }

  std::int64_t clients() const override { return std::int64_t(train_.size()); }
  Shard shard(ClientId client) const override { return {train_.at(client), test_.at(client)}; }
  std::int64_t most_images() const override {
    return std::int64_t(std::ranges::max(train_, {}, &Indices::size).size());
  }

 private:
  bool random_sizes() const { return options_.kind == "dirichlet" || options_.kind == "quantity"; }

  void deal(const Pools& pools, std::uint64_t attempt) {
    // Class by class, the streams are the same for both pools: a client is tested on the mixture it trains on.
    const std::size_t n = everyone_.size();
    if (options_.kind == "even") {
      deal_evenly(pools.train.all(), everyone_, keys_.stream(Purpose::partition, 0, 0), train_);
      deal_evenly(pools.test.all(), everyone_, keys_.stream(Purpose::partition, 0, 1), test_);
    } else if (options_.kind == "dirichlet") {
      for (std::int64_t c = 0; c < data_.classes; ++c) {
        const auto shares = keys_.stream(Purpose::partition, attempt, c).dirichlet(options_.alpha, n);
        cut(pools.train.by_class[c], shares, everyone_, train_);
        cut(pools.test.by_class[c], shares, everyone_, test_);
      }
    } else if (options_.kind == "quantity") {
      const auto shares = keys_.stream(Purpose::partition, attempt, 0).dirichlet(options_.alpha, n);
      for (auto [pool, owned] : {std::pair{&pools.train, &train_}, {&pools.test, &test_}}) {
        Indices images = pool->all();
        Stream stream = keys_.stream(Purpose::partition, attempt, owned == &train_ ? 1 : 2);
        stream.shuffle(std::span(images));
        cut(images, shares, everyone_, *owned);
      }
    } else if (options_.kind == "pathological") {
      deal_classes(pools);
    } else {
      deal_domains(pools);
    }
  }

  void deal_classes(const Pools& pools) {
    require(options_.classes_per_client <= data_.classes,
            "partition.classes_per_client = ", options_.classes_per_client, ": the data has only ", data_.classes,
            " classes.");
    // Each client takes the classes that fewest clients have so far; ties are broken by a draw.
    std::vector<std::vector<ClientId>> owners(data_.classes);
    for (const ClientId client : everyone_) {
      Indices order(data_.classes);
      std::iota(order.begin(), order.end(), 0);
      Stream stream = keys_.stream(Purpose::partition, 0, client);
      stream.shuffle(std::span(order));
      std::ranges::stable_sort(order, {}, [&](std::int64_t c) { return owners[c].size(); });
      for (std::int64_t i = 0; i < options_.classes_per_client; ++i) owners[order[i]].push_back(client);
    }
    for (std::int64_t c = 0; c < data_.classes; ++c) {
      if (owners[c].empty()) continue;
      const std::vector<double> shares(owners[c].size(), 1.0 / double(owners[c].size()));
      cut(pools.train.by_class[c], shares, owners[c], train_);
      cut(pools.test.by_class[c], shares, owners[c], test_);
    }
  }

  void deal_domains(const Pools& pools) {
    require(
        data_.domain_count > 1,
        "partition.kind = \"domain\" needs several domains, and the data has one; prepare it with a --domain for each "
        "folder, or divide it by partition.kind = \"even\".");
    require(options_.clients >= data_.domain_count, "partition.clients = ", options_.clients, ": the data has ",
            data_.domain_count, " domains, and each needs a client of its own.");
    for (std::int64_t d = 0; d < data_.domain_count; ++d) {
      std::vector<ClientId> clients;
      for (ClientId client = d; client < options_.clients; client += data_.domain_count) clients.push_back(client);
      for (auto [pool, owned] : {std::pair{&pools.train, &train_}, {&pools.test, &test_}}) {
        Indices images = pool->all();
        std::erase_if(images, [&](std::int64_t i) { return data_.domains[i] != d; });
        deal_evenly(images, clients, keys_.stream(Purpose::partition, d, owned == &train_ ? 0 : 1), *owned);
      }
    }
  }

  std::int64_t smallest() const { return std::int64_t(std::ranges::min(train_, {}, &Indices::size).size()); }

  void check() const {
    for (const ClientId client : everyone_) {
      const auto count = std::int64_t(train_[client].size());
      require(count >= options_.min_samples, "partition: client ", client, " would own ", count,
              " training images, and at least ", options_.min_samples,
              " are asked for (partition.min_samples); use "
              "fewer clients, a larger partition.alpha, or more images.");
    }
  }

  Labelled data_;
  PartitionOptions options_;
  Keys keys_;
  std::vector<Indices> train_, test_;
  std::vector<ClientId> everyone_;
};

/// Every client draws its own images when it is asked for them, so that millions cost nothing until they take part.
class Sampled final : public Partition {
 public:
  Sampled(const Labelled& data, const PartitionOptions& options, const Keys& keys)
      : options_(options), keys_(keys), pools_(split(data, options.test_fraction, keys)) {
    train_pool_ = pools_.train.all();
    test_pool_ = pools_.test.all();
    require(!train_pool_.empty(),
            "partition: there are no training images to draw from; use more images, or a smaller "
            "partition.test_fraction.");
    std::ranges::sort(train_pool_);
    std::ranges::sort(test_pool_);
  }

  std::int64_t clients() const override { return options_.clients; }
  std::int64_t most_images() const override { return options_.samples_per_client; }

  Shard shard(ClientId client) const override {
    Stream stream = keys_.stream(Purpose::partition, 0, std::uint64_t(client));
    const auto shares = stream.dirichlet(options_.alpha, pools_.train.by_class.size());
    const auto tests = std::int64_t(std::ceil(double(options_.samples_per_client) * options_.test_fraction));
    Shard shard;
    shard.train = draw(pools_.train, shares, options_.samples_per_client, stream);
    shard.test = draw(pools_.test, shares, test_pool_.empty() ? 0 : tests, stream);
    return shard;
  }

 private:
  /// Classes by the shares, images of a class with equal chance; an image drawn twice is owned once.
  static Indices draw(const Pool& pool, const std::vector<double>& shares, std::int64_t count, Stream& stream) {
    Indices out;
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

  PartitionOptions options_;
  Keys keys_;
  Pools pools_;
};

}  // namespace

Labelled labelled(const Dataset& dataset) {
  auto view = [](const Tensor& numbers) {
    return std::span(numbers.const_data_ptr<std::int64_t>(), std::size_t(numbers.numel()));
  };
  return {view(dataset.labels()), view(dataset.domains()), dataset.classes(),
          std::int64_t(dataset.domain_names().size())};
}

std::unique_ptr<Partition> make_partition(const Labelled& data, const PartitionOptions& options, const Keys& keys) {
  if (options.kind == "sampled") return std::make_unique<Sampled>(data, options, keys);
  return std::make_unique<Dealt>(data, options, keys);
}

}  // namespace fedorbit
