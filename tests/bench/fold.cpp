// What folding costs: the time to add one update of 86 million parameters to the exact sum, against a triad over the
// same bytes.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cstdio>
#include <functional>

#include "core/clock.hpp"
#include "federation/exact_sum.hpp"
#include "machine/device_properties.hpp"

namespace fedorbit {
namespace {

double median_seconds(const std::function<void()>& run, const std::function<void()>& other, double& of_other) {
  std::vector<double> mine, others;
  for (int turn = 0; turn < 9; ++turn)
    for (auto* seconds : {&mine, &others}) {
      const Stopwatch watch;
      (seconds == &mine ? run : other)();
      seconds->push_back(watch.seconds());
    }
  for (auto* seconds : {&mine, &others}) std::ranges::sort(*seconds);
  of_other = others[others.size() / 2];
  return mine[mine.size() / 2];
}

void time_fold() {
  constexpr std::int64_t length = 86'567'656;  // ViT-B/16 with a head of 1000 classes
  // An integer is read and written, a float is read; a triad reads two floats and writes one.
  constexpr std::int64_t bytes = 20 * length, triads = bytes / 12;
  const Tensor update = at::randn({length});
  ExactSum sum({{0, length}});
  const int exponent = 8;
  const std::int64_t weight = 40'000;
  sum.begin({&exponent, 1}, {&weight, 1});
  const Tensor b = at::randn({triads}), c = at::randn({triads}), a = at::zeros({triads});
  float* __restrict to = a.mutable_data_ptr<float>();
  const float *one = b.const_data_ptr<float>(), *two = c.const_data_ptr<float>();
  double triad = 0;
  const double fold = median_seconds([&] { sum.add(0, update.const_data_ptr<float>(), 1000); },
                                     [&] {
#pragma omp simd
                                       for (std::int64_t i = 0; i < triads; ++i) to[i] = one[i] + 3 * two[i];
                                     },
                                     triad);
  std::printf(
      "%s: a fold of %.0f million parameters %.4f s (%.1f GB/s), a triad over the same bytes %.4f s (%.1f GB/s): "
      "%.2f\n",
      processor_name().c_str(), length / 1e6, fold, bytes / fold / 1e9, triad, bytes / triad / 1e9, fold / triad);
}

}  // namespace
}  // namespace fedorbit

int main() {
  at::set_num_threads(1);
  fedorbit::time_fold();
}
