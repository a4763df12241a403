// Counter-based random numbers: every draw is a pure function of (seed, purpose, round, client, position), so no
// rank, thread or order of calls can change it.
#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace fedorbit {

/// What a stream of random numbers is for; two purposes never share numbers. Append only: the values are in the keys.
enum class Purpose : std::uint32_t {
  initialise = 1,
  split = 2,
  partition = 3,
  cohort = 4,
  shuffle = 5,
  augment = 6,
  scene = 8,
  pretrain = 9,
  caption = 10,
  test = 11,
  description = 12,
  choice_of_view = 13,
  live_view = 14,
  mask = 15,
  few_shot = 16,
  link = 20,
  message = 21,
  schedule = 22,
};

/// Independent random numbers in a fixed order: Philox 4x32-10 (Salmon et al. 2011, doi 10.1145/2063384.2063405).
class Stream {
 public:
  Stream(std::uint64_t key, std::uint64_t high) : key_(key), high_(high) {}

  std::uint32_t bits();  // 32 random bits
  double uniform();      // [0, 1), 53 bits
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  double normal();                           // mean 0, variance 1 (Box-Muller)
  double gamma(double shape);                // scale 1; shape > 0 (Marsaglia and Tsang 2000)
  std::uint64_t below(std::uint64_t bound);  // uniform in [0, bound), without bias (Lemire 2019)
  std::vector<double> dirichlet(double concentration, std::size_t categories);  // sums to 1
  void fill_normal(std::span<float> out, double standard_deviation);

  /// Fisher-Yates.
  template <class T>
  void shuffle(std::span<T> items) {
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
  }

 private:
  std::uint64_t key_, high_, counter_ = 0;
  std::array<std::uint32_t, 4> block_{};
  int left_ = 0;
};

/// The experiment's seed, from which each purpose, round and client has a stream of its own.
class Keys {
 public:
  explicit Keys(std::uint64_t seed) : seed_(seed) {}
  /// All purposes and pairs of 64-bit numbers (round and client; view and image; whatever a purpose counts by) give
  /// distinct streams up to hash collisions.
  Stream stream(Purpose purpose, std::uint64_t first = 0, std::uint64_t second = 0) const;
  /// Keys of their own for each pair of numbers, where a purpose counts by more than two.
  Keys within(std::uint64_t first, std::uint64_t second) const;
  bool operator==(const Keys&) const = default;

 private:
  std::uint64_t seed_;
};

}  // namespace fedorbit
