// What encoding a batch of 32 images by ViT-B/32 costs on one thread, by processor time, and the share of the machine's
// matrix-product speed that it reaches. Every figure is a median of passes that alternate with the others', so that a
// noisy machine is noisy for all.
//   bench_encode [PASSES [PART]]     (default 10; only lines whose name contains PART)
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>
#include <malloc.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <functional>
#include <string>

#include "core/keys.hpp"
#include "data/transform.hpp"
#include "model/checkpoints/clip_tensors.hpp"
#include "model/towers/product.hpp"
#include "model/towers/tower.hpp"
#include "model/towers/vision.hpp"

namespace fedorbit {
namespace {

constexpr std::int64_t batch = 32;

ClipConfig base_32() {
  ClipConfig config;
  config.embed_dim = 512;
  static_cast<TowerConfig&>(config.vision) = {768, 12, 12, 3072};
  config.vision.image_size = 224;
  config.vision.patch_size = 32;
  static_cast<TowerConfig&>(config.text) = {64, 1, 1, 64};  // which nobody uses
  config.text.context_length = 8;
  config.text.vocabulary_size = 600;
  return config;
}

/// Multiplications and additions that an image's feature cannot do without: the last layer's for the class token alone.
double needed_flops() {
  const double w = 768, m = 3072, tokens = 50;
  const double layer = tokens * (4 * w * w + 2 * w * m) + 2 * tokens * tokens * w;
  const double last = tokens * 2 * w * w + 2 * w * w + 2 * w * m + 2 * tokens * w;
  return 2 * (49 * 3 * 32 * 32 * w + 11 * layer + last + w * 512);
}

double processor_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return double(now.tv_sec) + 1e-9 * double(now.tv_nsec);
}

struct Work {
  std::string name;
  std::function<void()> once;
  double flops;  // 0: not counted
};

void report(std::vector<Work> works, int passes, const std::string& part) {
  std::erase_if(works, [&](const Work& work) { return work.name.find(part) == std::string::npos; });
  std::vector<std::vector<double>> seconds(works.size());
  for (int pass = -1; pass < passes; ++pass)  // one to warm up
    for (std::size_t i = 0; i < works.size(); ++i) {
      const double start = processor_seconds();
      works[i].once();
      if (pass >= 0) seconds[i].push_back(processor_seconds() - start);
    }
  for (std::size_t i = 0; i < works.size(); ++i) {
    std::ranges::sort(seconds[i]);
    const double median = seconds[i][seconds[i].size() / 2];
    std::printf("%-44s %8.1f ms", works[i].name.c_str(), 1e3 * median);
    if (works[i].flops > 0) std::printf(" %6.0f GFLOP/s", works[i].flops / median / 1e9);
    std::printf("\n");
  }
}

Work product(const std::string& name, c10::ScalarType type, bool frozen) {
  const Tensor a = at::randn({2048, 2048}).to(type), b = at::randn({2048, 2048}).to(type);
  return {name, [=] { frozen ? frozen_product(a, b) : at::mm(a, b.t()); }, 2.0 * 2048 * 2048 * 2048};
}

}  // namespace
}  // namespace fedorbit

int main(int count, char** arguments) {
  using namespace fedorbit;
  mallopt(M_MMAP_THRESHOLD, 1 << 30);  // as the program does
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  at::set_num_threads(1);
  const ClipConfig config = base_32();
  const NamedTensors wide = initialise_clip(config, Keys(1).stream(Purpose::test));
  NamedTensors rounded;
  for (const auto& [name, tensor] : wide) rounded[name] = tensor.to(at::kBFloat16);
  const Transform transform;
  const Tensor bytes =
      at::randint(0, 256, {batch, 256, 256, 3}, at::kByte).permute({0, 3, 1, 2});  // as data sets keep them
  const Tensor squares = at::randint(0, 256, {batch, 3, 224, 224}, at::kByte);
  const Tensor images = transform.normalised(squares);
  const auto tower = [&](const std::string& name, const NamedTensors& tensors) {
    return Work{name, [&] { encode_images(tensors, config, images); }, batch * needed_flops()};
  };
  const auto operators = [&](const std::string& name, const NamedTensors& tensors, c10::ScalarType type) {
    const Tensor x = at::randn({batch, 50, 768}).to(type);
    return Work{name,
                [&config, &tensors, x] {
                  const at::NoGradGuard no_gradient;
                  run_layers_to_first(tensors, "vision", config.vision, config.activation, x);
                },
                batch * needed_flops()};
  };
  report({product("product of 2048, float32, LibTorch's mm", at::kFloat, false),
          product("product of 2048, float32, frozen_product", at::kFloat, true),
          product("product of 2048, bfloat16, LibTorch's mm", at::kBFloat16, false),
          product("product of 2048, bfloat16, frozen_product", at::kBFloat16, true),
          {"resize 256 to 224",
           [&] {
             for (std::int64_t i = 0; i < batch; ++i) transform.square(bytes[i]);
           },
           0},
          {"normalise", [&] { transform.normalised(squares); }, 0},
          operators("layers in LibTorch's operators, float32", wide, at::kFloat),
          operators("layers in LibTorch's operators, bfloat16", rounded, at::kBFloat16),
          tower("tower by hand, float32", wide),
          tower("tower by hand, bfloat16", rounded)},
         count > 1 ? std::atoi(arguments[1]) : 10, count > 2 ? arguments[2] : "");
}
