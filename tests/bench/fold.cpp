// What folding costs: with no argument, the time to add one update of 86 million parameters to the exact sum, against a
// triad over the same bytes; with one, the peak memory of rounds of so many clients of 20 million parameters each,
// which train one after another. Freed blocks go back to the system, as large ones do in the program, so that the peak
// is of what is in use.
//   bench_fold [CLIENTS]
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <functional>

#include "bench/rounds.hpp"
#include "comm/single.hpp"
#include "core/clock.hpp"
#include "federation/exact_sum.hpp"
#include "machine/device_properties.hpp"

namespace fedorbit {
namespace {

/// Its loss is the mean of all parameters, by the mean of the batch.
class Large final : public Learner {
 public:
  explicit Large(std::int64_t parameters) { layout_.add({"weights", {parameters}, Owner::shared}); }
  const Layout& layout() const override { return layout_; }
  std::int64_t usual_group(const at::Device&) const override { return 1; }
  void initialise(Parameters&, Owner, std::span<const ClientId>, const Keys&) override {}
  Tensor loss(const Parameters& parameters, const Batch& batch, Turn&) override {
    return parameters["weights"].mean(1) * batch.features.mean(at::IntArrayRef{1, 2});
  }

 private:
  Layout layout_;
};

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

void measure_memory(std::int64_t clients) {
  constexpr std::int64_t parameters = 20'000'000;
  Large learner(parameters);
  SingleCommunicator alone;
  bench::seconds_of({.clients = clients, .group = 1, .rounds = 3, .batch_size = 4}, learner, alone);
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  std::printf("%3ld clients of %.0f MB: peak %.1f MB\n", long(clients), 4 * parameters / 1e6,
              double(used.ru_maxrss) * 1024 / 1e6);
}

}  // namespace
}  // namespace fedorbit

int main(int count, char** arguments) {
  using namespace fedorbit;
  at::set_num_threads(1);
  if (count > 1)
    measure_memory(std::stol(arguments[1]));
  else
    time_fold();
}
