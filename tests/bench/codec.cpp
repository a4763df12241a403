// What codecs cost: writing and reading messages of as many numbers as a prompt, an adapter and a ViT-B/32 have, in
// gigabytes of these numbers a second of a core's time, beside copying them.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <functional>

#include "algorithms/registry.hpp"
#include "machine/device_properties.hpp"

namespace fedorbit {
namespace {

/// What this process has had of a processor, which others do not lengthen.
double seconds_spent() { return double(std::clock()) / CLOCKS_PER_SEC; }

/// Of one call; short ones are repeated for some milliseconds.
double median_seconds(const std::function<void()>& run) {
  const double begin = seconds_spent();
  run();
  const int repeats = std::max(1, int(0.02 / std::max(seconds_spent() - begin, 1e-6)));
  std::vector<double> seconds;
  for (int turn = 0; turn < 5; ++turn) {
    const double first = seconds_spent();
    for (int i = 0; i < repeats; ++i) run();
    seconds.push_back((seconds_spent() - first) / repeats);
  }
  std::ranges::sort(seconds);
  return seconds[seconds.size() / 2];
}

Layout layout_of(std::int64_t tensors, std::int64_t rows, std::int64_t columns) {
  Layout layout;
  for (std::int64_t t = 0; t < tensors; ++t) layout.add({std::to_string(t), {rows, columns}, Owner::shared});
  return layout;
}

void time_codecs(const Layout& layout) {
  const std::vector<std::string> choices{"codec=float32",
                                         "codec=float16",
                                         "codec=bfloat16",
                                         "codec=uniform uniform.bits=8",
                                         "codec=uniform uniform.bits=8 uniform.block=256",
                                         "codec=uniform uniform.bits=8 uniform.rounding=stochastic",
                                         "codec=uniform uniform.bits=4",
                                         "codec=uniform uniform.bits=2",
                                         "codec=uniform uniform.bits=1",
                                         "codec=qsgd",
                                         "codec=top_k",
                                         "codec=random_k",
                                         "codec=power_sgd",
                                         "codec=float32 zstd=1",
                                         "codec=uniform uniform.bits=8 zstd=1",
                                         "codec=uniform uniform.bits=2 zstd=3"};
  const Message message{layout, weights_message, 0, 0, Direction::upload, Keys(1)};
  const Tensor values = at::randn({layout.weights(Owner::shared)}), copy = at::empty_like(values);
  const double bytes = double(values.nbytes()) / 1e9;
  std::printf("%.6g million numbers: a copy %.2f GB/s\n", double(values.numel()) / 1e6,
              bytes / median_seconds([&] { copy.copy_(values); }));
  for (const std::string& choice : choices) {
    CodecOptions options;
    for (std::size_t begin = 0; begin < choice.size();) {
      const std::size_t end = std::min(choice.find(' ', begin), choice.size());
      OptionList::of(options).set(choice.substr(begin, end - begin));
      begin = end + 1;
    }
    const auto codec = make_codec(options);
    Bytes written;
    const double encoding = median_seconds([&] { written = codec->encode(values, message); });
    const double decoding = median_seconds([&] { codec->decode(written, message); });
    std::printf("%-52s %12zu bytes  encode %6.2f GB/s  decode %6.2f GB/s\n", choice.c_str() + 6, written.size(),
                bytes / encoding, bytes / decoding);
  }
}

}  // namespace
}  // namespace fedorbit

int main() {
  using namespace fedorbit;
  at::set_num_threads(1);
  std::printf("%s, one core\n", processor_name().c_str());
  for (const Layout& layout : {layout_of(1, 4, 512), layout_of(4, 500, 500), layout_of(36, 3072, 768)})
    time_codecs(layout);
}
