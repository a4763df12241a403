// The engine's savings, one after another: what a client's step of PromptFL costs from the published recipe (live
// images, 77 tokens, one client) to all of them together; ViT-B/32, 21 classes, batches of 32, one thread.
//   bench_savings VOCABULARY [PASSES]        (bpe_simple_vocab_16e6.txt.gz; default 5 passes)
// A line gives the median seconds of a client's step, the arithmetic it does in products of matrices (counted from
// shapes: forward, and backward to the context), and the most memory the process took during it beyond what it had.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <malloc.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <functional>
#include <string>

#include "algorithms/learners/prompt.hpp"
#include "algorithms/losses/cosine.hpp"
#include "algorithms/losses/cross_entropy.hpp"
#include "bench/flops.hpp"
#include "core/clock.hpp"
#include "model/prompts/padded_prompts.hpp"
#include "model/prompts/prompt_tree.hpp"
#include "model/prompts/prompted_text.hpp"
#include "model/towers/text_tower.hpp"
#include "model/towers/vision.hpp"

namespace fedorbit {
namespace {

constexpr std::int64_t batch_size = 32, context = 4;

/// Resident bytes now and the most since the last reset, from Linux.
struct Memory {
  static void reset() { std::ofstream("/proc/self/clear_refs") << "5"; }
  static double of(const std::string& name) {
    std::ifstream file("/proc/self/status");
    for (std::string word; file >> word;)
      if (double kibibytes = 0; word == name && file >> kibibytes) return kibibytes * 1024;
    return 0;
  }
};

struct Saving {
  const char* name;
  std::function<void()> step;
  double clients, flops;
};

/// The tower whose context ends with the longest prompt: what follows an [EOT] changes nothing before it.
Clip truncated(const Clip& clip) {
  Clip out = clip;
  std::int64_t longest = 0;
  for (const auto& tail : bench::tails(clip)) longest = std::max(longest, 1 + context + std::int64_t(tail.size()));
  out.config.text.context_length = longest;
  out.tensors["text.positions"] = clip.tensors.at("text.positions").narrow(0, 0, longest);
  return out;
}

void measure(const std::vector<Saving>& savings, int passes) {
  std::vector<std::vector<double>> seconds(savings.size());
  std::vector<double> memory(savings.size());
  for (std::size_t i = 0; i < savings.size(); ++i) {  // this warms up, too
    malloc_trim(0);
    Memory::reset();
    const double before = Memory::of("VmRSS:");
    savings[i].step();
    memory[i] = Memory::of("VmHWM:") - before;
  }
  for (int pass = 0; pass < passes; ++pass)
    for (std::size_t i = 0; i < savings.size(); ++i) {
      const Stopwatch watch;
      savings[i].step();
      seconds[i].push_back(watch.seconds() / savings[i].clients);
    }
  double first = 0, previous = 0;
  std::printf("%-52s %11s %9s %9s %10s %9s\n", "", "s a client", "times", "in all", "GFLOP", "MiB");
  for (std::size_t i = 0; i < savings.size(); ++i) {
    std::ranges::sort(seconds[i]);
    const double median = seconds[i][seconds[i].size() / 2];
    if (i == 0) first = previous = median;
    std::printf("%-52s %11.4f %9.2f %9.1f %10.1f %9.0f\n", savings[i].name, median, previous / median, first / median,
                savings[i].flops / 1e9, memory[i] / (1 << 20));
    previous = median;
  }
}

}  // namespace
}  // namespace fedorbit

int main(int count, char** arguments) {
  using namespace fedorbit;
  if (count < 2) return std::fprintf(stderr, "bench_savings VOCABULARY [PASSES]\n"), 2;
  mallopt(M_MMAP_THRESHOLD, 1 << 30);  // as the program does
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  at::set_num_threads(1);
  at::manual_seed(1);
  const int passes = count > 2 ? std::atoi(arguments[2]) : 5;
  const Clip clip = bench::random_clip(arguments[1], true), rough = clip.to(at::TensorOptions(at::kBFloat16)),
             shorter = truncated(clip);
  const PromptedText texts(clip, bench::class_names, context), rough_texts(rough, bench::class_names, context);
  const ClassPrompts prompts(clip, bench::class_names, context);
  PaddedPrompts recipe(frozen_text(clip.tensors), clip.config, prompts),
      short_recipe(frozen_text(shorter.tensors), shorter.config, prompts);
  PromptTree operators(frozen_text(clip.tensors), clip.config, prompts);
  const auto classes = std::int64_t(bench::class_names.size());
  const Tensor images = at::randn({batch_size, 3, 224, 224}), cached = at::randn({1, batch_size, 512}),
               labels = at::randint(0, classes, {1, batch_size}), present = at::ones({1, batch_size});
  using Encode = std::function<Tensor(const Tensor&)>;
  const auto step = [&](std::int64_t K, Encode encode, bool equal = false, bool live = false) {
    return [=, &clip] {
      const Tensor random = at::randn({equal ? 1 : K, context, 512}) * 0.02;
      const Tensor leaf = random.expand({K, context, 512}).contiguous().requires_grad_(true);
      const Tensor seen = live ? encode_images(clip.tensors, clip.config, images).features.unsqueeze(0) : cached;
      const Tensor logits = cosine_logits(seen.expand({K, batch_size, 512}), unit(encode(leaf)), 100);
      cross_entropy(logits, labels.expand({K, batch_size}), present.expand({K, batch_size})).sum().backward();
    };
  };
  const Encode padded = [&](const Tensor& leaf) { return recipe.encode(leaf); };
  const Encode cut = [&](const Tensor& leaf) { return short_recipe.encode(leaf); };
  const Encode tree = [&](const Tensor& leaf) { return operators.encode(leaf); };
  const Encode hand = [&](const Tensor& leaf) { return texts.encode(leaf); };
  const Encode halves = [&](const Tensor& leaf) { return rough_texts.encode(leaf); };
  const double vision = bench::tower_flops(clip.config.vision, batch_size, 50),
               full = 2 * bench::tower_flops(clip.config.text, double(classes), 77),
               short_ = 2 * bench::tower_flops(clip.config.text, double(classes),
                                               double(shorter.config.text.context_length)),
               needed = bench::needed_flops(clip, context);
  measure({{"the recipe: live images, 77 tokens, one client", step(1, padded, false, true), 1, vision + full},
           {"image features kept", step(1, padded), 1, full},
           {"texts end with the longest prompt", step(1, cut), 1, short_},
           {"prefixes shared, nothing padded, constants kept", step(1, tree), 1, needed},
           {"loops of our own between packed products", step(1, hand), 1, needed},
           {"8 clients in one pass", step(8, hand), 8, needed},
           {"the same, equal contexts (first step of a round)", step(8, hand, true), 8, needed / 2 * (1 + 1. / 8)},
           {"8 clients, bfloat16", step(8, halves), 8, needed},
           {"the same, equal contexts", step(8, halves, true), 8, needed / 2 * (1 + 1. / 8)}},
          passes);
}
