// How fast images that are read already are cropped, resized, mirrored and normalised for those who train on them:
//     bench_crops DATA.h5 PIXELS THREADS KEPT
// prints the seconds of an epoch in batches of 32, after one that has read the images; KEPT 0: they are read again.
// tests/bench/crops.py compares it with PyTorch's loader.
#include <cstdio>
#include <cstdlib>
#include <numeric>

#include "core/clock.hpp"
#include "inputs/live_images.hpp"

int main(int count, char** arguments) {
  using namespace fedorbit;
  if (count != 5) {
    std::fprintf(stderr, "usage: bench_crops DATA.h5 PIXELS THREADS KEPT\n");
    return 2;
  }
  const Dataset dataset = Dataset::open(arguments[1]);
  const double kept_bytes = std::atoi(arguments[4]) != 0 ? 1e12 : 0;
  const LiveImages images(dataset, {.smallest_crop = 0.08, .flip = true}, at::kCPU, Keys(1),
                          {std::atoi(arguments[3]), kept_bytes});
  std::vector<std::int64_t> order(std::size_t(dataset.size()));
  std::iota(order.begin(), order.end(), 0);
  for (std::int64_t epoch = 0; epoch < 2; ++epoch) {
    Keys(2).stream(Purpose::shuffle, std::uint64_t(epoch)).shuffle(std::span(order));
    std::vector<Picks> picks;
    for (std::size_t first = 0; first < order.size(); first += 32)
      picks.push_back(picked(std::span(order).subspan(first, std::min<std::size_t>(32, order.size() - first))));
    const std::size_t batches = picks.size();
    const Stopwatch watch;
    const auto stream = images.stream(
        std::move(picks), {.features = false, .views = 1, .image_size = std::atoi(arguments[2])}, Occasion{epoch, {0}});
    for (std::size_t batch = 0; batch < batches; ++batch) stream->next();
    if (epoch == 1) std::printf("%.6f\n", watch.seconds());
  }
}
