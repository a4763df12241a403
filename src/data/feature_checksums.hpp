// Checksums in a feature file: one for each row of numbers, written with it, and one for all that is no such row.
#pragma once
#include <string>

#include "data/features.hpp"

namespace fedorbit {

/// Bytes that a row's checksum takes in the file: SHA-256 in hexadecimal.
inline constexpr std::int64_t row_checksum_bytes = 64;

/// Of row `row`, counted view by view as FeatureWriter does: features and, where they are kept, patches.
std::string row_checksum(const Features& of, std::int64_t row);

/// The first row in [first, last) that does not fit its checksum in (rows, 64) uint8; `last` where all do.
std::int64_t first_damaged_row(const Features& of, const Tensor& checksums, std::int64_t first, std::int64_t last);

/// Of labels, names, texts and prompts.
std::string checksum_of_rest(const FeatureSet& set);

}  // namespace fedorbit
