// Some numbers out of a message: how many, which, and how their places are written.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/keys.hpp"

namespace fedorbit {

/// Places in a message, ascending.
using Places = std::vector<std::uint32_t>;

/// How many of `all` numbers a fraction is: to the nearest, at least one where there is any. Throws where places of
/// `all` numbers are no 32-bit integers.
std::int64_t chosen_count(double fraction, std::int64_t all);

/// The places of the `count` values of largest magnitude, of equal ones the first.
Places largest_places(const float* values, std::int64_t all, std::int64_t count);
/// `count` different places below `all`, each set equally likely.
Places drawn_places(std::int64_t all, std::int64_t count, Stream stream);

/// Bytes of `count` places below `all`: the shorter of the places one after another, each of as many bits as the last
/// place takes, and of one bit for each number.
std::int64_t places_bytes(std::int64_t all, std::int64_t count);
/// From the lowest bit of the first byte on, which are zeros before.
void write_places(const Places& places, std::int64_t all, std::byte* out);
/// Empty where these are no `count` ascending places below `all`.
Places read_places(const std::byte* in, std::int64_t all, std::int64_t count);

}  // namespace fedorbit
