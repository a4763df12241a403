#include "core/keys.hpp"

#include <cmath>
#include <numbers>

namespace fedorbit {
namespace {

/// SplitMix64's finaliser (Steele et al. 2014): a bijection whose output bits depend on all input bits.
std::uint64_t mixed(std::uint64_t x) {
  x += 0x9E3779B97F4A7C15u;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

/// One block of Philox 4x32-10: ten rounds over a 128-bit counter.
std::array<std::uint32_t, 4> philox(std::uint64_t counter, std::uint64_t high, std::uint64_t key) {
  std::array<std::uint32_t, 4> c{std::uint32_t(counter), std::uint32_t(counter >> 32), std::uint32_t(high),
                                 std::uint32_t(high >> 32)};
  std::uint32_t k0 = std::uint32_t(key), k1 = std::uint32_t(key >> 32);
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = 0xD2511F53ull * c[0], b = 0xCD9E8D57ull * c[2];
    c = {std::uint32_t(b >> 32) ^ c[1] ^ k0, std::uint32_t(b), std::uint32_t(a >> 32) ^ c[3] ^ k1, std::uint32_t(a)};
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return c;
}

}  // namespace

Stream Keys::stream(Purpose purpose, std::uint64_t first, std::uint64_t second) const {
  return Stream(mixed(seed_ ^ mixed(std::uint64_t(purpose))), mixed(mixed(first) + second));
}

Keys Keys::within(std::uint64_t first, std::uint64_t second) const {
  return Keys(mixed(mixed(mixed(seed_) + first) + second));
}

std::uint32_t Stream::bits() {
  if (left_ == 0) {
    block_ = philox(counter_++, high_, key_);
    left_ = 4;
  }
  return block_[4 - left_--];
}

double Stream::uniform() {
  const std::uint64_t high = bits(), low = bits();
  return double(((high << 32) | low) >> 11) * 0x1.0p-53;
}

double Stream::normal() {
  const double radius = std::sqrt(-2 * std::log(1 - uniform()));
  return radius * std::cos(2 * std::numbers::pi * uniform());
}

double Stream::gamma(double shape) {
  if (shape < 1) return gamma(shape + 1) * std::pow(1 - uniform(), 1 / shape);
  const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  for (;;) {
    const double x = normal(), root = 1 + c * x;
    if (root <= 0) continue;
    const double v = root * root * root;
    if (std::log(1 - uniform()) < 0.5 * x * x + d - d * v + d * std::log(v)) return d * v;
  }
}

std::uint64_t Stream::below(std::uint64_t bound) {
  const std::uint64_t threshold = -bound % bound;
  for (;;) {
    const std::uint64_t high = bits(), random = (high << 32) | bits();
    const auto product = static_cast<unsigned __int128>(random) * bound;
    if (std::uint64_t(product) >= threshold) return std::uint64_t(product >> 64);
  }
}

std::vector<double> Stream::dirichlet(double concentration, std::size_t categories) {
  std::vector<double> shares(categories);
  double sum = 0;
  for (double& share : shares) sum += share = gamma(concentration);
  // A tiny concentration can underflow every draw to zero; the limit is all of the mass on one category.
  if (sum == 0) shares[below(categories)] = sum = 1;
  for (double& share : shares) share /= sum;
  return shares;
}

void Stream::fill_normal(std::span<float> out, double standard_deviation) {
  for (float& value : out) value = float(normal() * standard_deviation);
}

}  // namespace fedorbit
