#include "data/dealt.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/error.hpp"

namespace fedorbit {
namespace {

using Indices = std::vector<std::int64_t>;

/// What of `images` is in none of `others`, all ascending.
Indices without(const Indices& images, const Indices& others) {
  Indices left;
  std::ranges::set_difference(images, others, std::back_inserter(left));
  return left;
}

}  // namespace

std::int64_t unseen_clients(const PartitionOptions& options) {
  const double asked = options.unseen_clients;
  if (asked == 0) return 0;
  require(asked < 1 || asked == std::floor(asked), "partition.unseen_clients = ", asked,
          " is neither a share below 1 nor a whole number of clients.");
  const std::int64_t unseen =
      asked < 1 ? std::max<std::int64_t>(1, std::llround(asked * double(options.clients))) : std::int64_t(asked);
  require(unseen < options.clients, "partition.unseen_clients = ", asked, ": of ", options.clients,
          " clients none would be left to train.");
  return unseen;
}

Dealt::Dealt(const Labelled& data, const PartitionOptions& options, const Keys& keys)
    : data_(data), options_(options), keys_(keys), unseen_(fedorbit::unseen_clients(options)) {
  const Pools pools = hold_out(data, options, keys);
  for (const Side side : sides) of_side(pools_, side) = pools[side].all();
  pools_.unseen = pools.unseen;
  pools_.public_images = pools.public_images;
  require(options.clients <= std::int64_t(pools_.train.size()), "partition.clients: ", options.clients,
          " clients cannot share ", pools_.train.size(),
          " training images without overlap; use fewer clients, or "
          "partition.kind = \"sampled\".");
  everyone_.resize(std::size_t(options.clients));
  std::iota(everyone_.begin(), everyone_.end(), 0);
  const bool random_sizes = options.kind == "dirichlet" || options.kind == "quantity";
  constexpr std::uint64_t attempts = 100;
  std::array<Hands, sides.size()> hands;
  for (std::uint64_t attempt = 0; attempt < attempts; ++attempt) {
    hands.fill(Hands(std::size_t(options.clients)));
    deal(pools, attempt, hands);
    const auto smallest = std::ranges::min(hands[std::size_t(Side::train)], {}, &Indices::size).size();
    if (std::int64_t(smallest) >= options.min_samples || !random_sizes) break;
  }
  shards_.resize(everyone_.size());
  for (const Side side : sides) {
    for (std::size_t k = 0; k < shards_.size(); ++k) {
      of_side(shards_[k], side) = std::move(hands[std::size_t(side)][k]);
      std::ranges::sort(of_side(shards_[k], side));
    }
    std::ranges::sort(of_side(pools_, side));
  }
  check();
  hide_unseen();
}

void Dealt::deal(const Pools& pools, std::uint64_t attempt, std::array<Hands, sides.size()>& hands) const {
  const auto each_side = [&](const auto& use) {
    for (const Side side : sides) use(pools[side], std::uint64_t(side), hands[std::size_t(side)]);
  };
  const std::size_t n = everyone_.size();
  if (options_.kind == "even") {
    each_side([&](const Pool& pool, std::uint64_t side, Hands& own) {
      deal_evenly(pool.all(), everyone_, keys_.stream(Purpose::partition, 0, side), own);
    });
  } else if (options_.kind == "stratified") {
    each_side([&](const Pool& pool, std::uint64_t side, Hands& own) {
      deal_stratified(pool, keys_.stream(Purpose::partition, 0, side), own);
    });
  } else if (options_.kind == "dirichlet") {
    // The same shares for all sides: a client is tested on the mixture it trains on.
    for (std::size_t c = 0; c < std::size_t(data_.classes); ++c) {
      const auto shares = keys_.stream(Purpose::partition, attempt, c).dirichlet(options_.alpha, n);
      each_side([&](const Pool& pool, std::uint64_t, Hands& own) { cut(pool.by_class[c], shares, everyone_, own); });
    }
  } else if (options_.kind == "dirichlet_mixtures") {
    std::vector<std::vector<double>> mixtures;
    for (const ClientId client : everyone_)
      mixtures.push_back(
          draw_mixture(pools[Side::train], options_.alpha, keys_.stream(Purpose::partition, 0, std::uint64_t(client))));
    each_side([&](const Pool& pool, std::uint64_t side, Hands& own) {
      deal_by_mixtures(pool, mixtures, keys_.stream(Purpose::partition, 1, side), own);
    });
  } else if (options_.kind == "quantity") {
    const auto shares = keys_.stream(Purpose::partition, attempt, 0).dirichlet(options_.alpha, n);
    each_side([&](const Pool& pool, std::uint64_t side, Hands& own) {
      Indices images = pool.all();
      Stream stream = keys_.stream(Purpose::partition, attempt, side + 1);
      stream.shuffle(std::span(images));
      cut(images, shares, everyone_, own);
    });
  } else if (options_.kind == "pathological") {
    deal_classes(pools, hands);
  } else {
    deal_domains(pools, hands);
  }
}

void Dealt::deal_classes(const Pools& pools, std::array<Hands, sides.size()>& hands) const {
  require(options_.classes_per_client <= data_.classes, "partition.classes_per_client = ", options_.classes_per_client,
          ": the data has only ", data_.classes, " classes.");
  // Each client takes the classes that fewest clients have so far; ties are broken by a draw.
  std::vector<std::vector<ClientId>> owners(std::size_t(data_.classes));
  for (const ClientId client : everyone_) {
    std::vector<std::size_t> order(owners.size());
    std::iota(order.begin(), order.end(), 0);
    Stream stream = keys_.stream(Purpose::partition, 0, std::uint64_t(client));
    stream.shuffle(std::span(order));
    std::ranges::stable_sort(order, {}, [&](std::size_t c) { return owners[c].size(); });
    for (std::size_t i = 0; i < std::size_t(options_.classes_per_client); ++i) owners[order[i]].push_back(client);
  }
  for (std::size_t c = 0; c < owners.size(); ++c) {
    if (owners[c].empty()) continue;
    const std::vector<double> shares(owners[c].size(), 1.0 / double(owners[c].size()));
    for (const Side side : sides) cut(pools[side].by_class[c], shares, owners[c], hands[std::size_t(side)]);
  }
}

void Dealt::deal_domains(const Pools& pools, std::array<Hands, sides.size()>& hands) const {
  require(data_.domain_count > 1,
          "partition.kind = \"domain\" needs several domains, and the data has one; prepare it with a --domain for "
          "each folder, or divide it by partition.kind = \"even\".");
  std::vector<std::int64_t> seen;
  const std::vector<bool> unseen = unseen_domains(data_, options_);
  for (std::int64_t d = 0; d < data_.domain_count; ++d)
    if (!unseen[std::size_t(d)]) seen.push_back(d);
  const auto count = std::int64_t(seen.size());
  require(options_.clients >= count, "partition.clients = ", options_.clients, ": the data has ", count,
          count < data_.domain_count ? " seen" : "", " domains, and each needs a client of its own.");
  for (std::int64_t place = 0; place < count; ++place) {
    const std::int64_t d = seen[std::size_t(place)];
    std::vector<ClientId> clients;
    for (ClientId client = place; client < options_.clients; client += count) clients.push_back(client);
    for (const Side side : sides) {
      Indices images = pools[side].all();
      std::erase_if(images, [&](std::int64_t i) { return data_.domains[std::size_t(i)] != d; });
      deal_evenly(images, clients, keys_.stream(Purpose::partition, std::uint64_t(d), std::uint64_t(side)),
                  hands[std::size_t(side)]);
    }
  }
}

void Dealt::hide_unseen() {
  for (std::int64_t client = clients(); client < options_.clients; ++client) {
    Shard& shard = shards_[std::size_t(client)];
    for (const Side side : sides) {
      Indices& images = of_side(shard, side);
      of_side(pools_, side) = without(of_side(pools_, side), images);
      for (Indices* hidden : {&shard.unseen, &pools_.unseen})
        hidden->insert(hidden->end(), images.begin(), images.end());
      images.clear();
    }
    std::ranges::sort(shard.unseen);
  }
  std::ranges::sort(pools_.unseen);
}

void Dealt::check() const {
  for (const ClientId client : everyone_) {
    const Shard& shard = shards_[std::size_t(client)];
    const auto count = std::int64_t(shard.train.size());
    require(count >= options_.min_samples, "partition: client ", client, " would own ", count, " training images",
            shard.validation.empty() ? "" : text(" beside ", shard.validation.size(), " for validation"),
            ", and at least ", options_.min_samples,
            " are asked for (partition.min_samples); use "
            "fewer clients, a larger partition.alpha, ",
            shard.validation.empty() ? "" : "a smaller partition.validation_fraction, ", "or more images.");
  }
}

}  // namespace fedorbit
