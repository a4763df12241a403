// Which images train, which are held out, which belong to domains that no client sees, and which are the server's.
#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "core/keys.hpp"
#include "data/partition.hpp"

namespace fedorbit {

/// What an image of a client that trains is for. Append only: the numbers are in the keys of random draws.
enum class Side : std::uint64_t { train, test, validation };
inline constexpr std::array sides{Side::train, Side::test, Side::validation};

/// Images of one side by class, each class in random order.
struct Pool {
  std::vector<std::vector<std::int64_t>> by_class;
  std::vector<std::int64_t> all() const;
};

struct Pools {
  std::array<Pool, sides.size()> of_side;
  std::vector<std::int64_t> unseen, public_images;  // of unseen domains, and the server's; ascending
  const Pool& operator[](Side side) const { return of_side[std::size_t(side)]; }
  Pool& operator[](Side side) { return of_side[std::size_t(side)]; }
};

/// Holds out the same shares of every class, so that all sides have the data set's class mixture; for clients of one
/// domain each, about the same shares of every domain, too. Throws where nothing
/// would be left to train on, or where a domain that is to stay unseen is none of the data's.
Pools hold_out(const Labelled& data, const PartitionOptions& options, const Keys& keys);

/// Takes so many images out of the pool: one of each class in turn, and of a class one of each domain in turn, while
/// they last; ascending. Throws where none would be left to train on.
std::vector<std::int64_t> take_public_images(Pool& pool, const Labelled& data, std::int64_t count, Stream stream);

/// (domains): which stay unseen, as PartitionOptions::unseen_domains says.
std::vector<bool> unseen_domains(const Labelled& data, const PartitionOptions& options);

/// A client's images of one side.
std::vector<std::int64_t>& of_side(Shard& shard, Side side);

}  // namespace fedorbit
