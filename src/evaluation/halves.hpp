// A data set that trains no client, in two halves: what classifiers are fitted to, and what they are asked about.
#pragma once
#include <memory>

#include "data/partition.hpp"

namespace fedorbit {

/// The pools of a partition that nobody owns anything of: this share of each class is its test pool, drawn by the seed,
/// the rest its training pool. Throws where one of them would be empty.
std::unique_ptr<Partition> halves_of(const Labelled& data, double test_fraction, std::int64_t seed);

}  // namespace fedorbit
