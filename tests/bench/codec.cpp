// What codecs cost: writing and reading one message of as many numbers as ViT-B/32 has, in gigabytes of these numbers a
// second, beside copying them.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cstdio>
#include <functional>

#include "algorithms/registry.hpp"
#include "core/clock.hpp"
#include "machine/device_properties.hpp"

namespace fedorbit {
namespace {

double median_seconds(const std::function<void()>& run) {
  std::vector<double> seconds;
  for (int turn = 0; turn < 7; ++turn) {
    const Stopwatch watch;
    run();
    seconds.push_back(watch.seconds());
  }
  std::ranges::sort(seconds);
  return seconds[seconds.size() / 2];
}

void time_codecs() {
  constexpr std::int64_t tensors = 150, length = 583'000;
  Layout layout;
  for (std::int64_t t = 0; t < tensors; ++t) layout.add({std::to_string(t), {length}, Owner::shared});
  const Message message{layout, weights_message, 0, 0, Direction::upload, Keys(1)};
  const Tensor values = at::randn({layout.weights(Owner::shared)}), copy = at::empty_like(values);
  const double bytes = double(values.nbytes()) / 1e9;
  std::printf("%s, %.0f million numbers: a copy %.2f GB/s\n", processor_name().c_str(), double(values.numel()) / 1e6,
              bytes / median_seconds([&] { copy.copy_(values); }));
  const std::vector<std::vector<std::string>> choices{
      {"codec=float32"},
      {"codec=float16"},
      {"codec=uniform", "uniform.bits=8"},
      {"codec=uniform", "uniform.bits=4"},
      {"codec=uniform", "uniform.bits=2"},
      {"codec=uniform", "uniform.bits=1"},
      {"codec=uniform", "uniform.bits=8", "uniform.rounding=stochastic"}};
  for (const auto& choice : choices) {
    CodecOptions options;
    std::string label;
    for (const std::string& option : choice) {
      OptionList::of(options).set(option);
      label += option.substr(option.find('=') + 1) + " ";
    }
    const auto codec = make_codec(options);
    Bytes written;
    const double encoding = median_seconds([&] { written = codec->encode(values, message); });
    const double decoding = median_seconds([&] { codec->decode(written, message); });
    std::printf("%-22s %6.1f MB  encode %.2f GB/s  decode %.2f GB/s\n", label.c_str(), double(written.size()) / 1e6,
                bytes / encoding, bytes / decoding);
  }
}

}  // namespace
}  // namespace fedorbit

int main() {
  at::set_num_threads(1);
  fedorbit::time_codecs();
}
