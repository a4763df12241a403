// What a training step costs: seconds a client, and the share of the machine's matrix-product speed that it reaches,
// for prompts through the text tower of ViT-B/32 with 21 classes and batches of 32. Every figure of a line is a median
// of passes that alternate with the others', so that a noisy machine is noisy for all.
//   bench_engine VOCABULARY [CLIENTS...]     (bpe_simple_vocab_16e6.txt.gz; default 1 4 8 clients at once)
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <malloc.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <string>

#include "algorithms/learners/dual_prompt.hpp"
#include "algorithms/learners/prompt.hpp"
#include "algorithms/optimiser.hpp"
#include "bench/flops.hpp"
#include "core/clock.hpp"
#include "model/prompts/padded_prompts.hpp"
#include "model/prompts/prompt_tree.hpp"
#include "model/towers/product.hpp"
#include "model/towers/text_tower.hpp"

namespace fedorbit {
namespace {

using bench::class_names;

double median(std::vector<double> values) {
  std::ranges::nth_element(values, values.begin() + std::ptrdiff_t(values.size() / 2));
  return values[values.size() / 2];
}

/// Median seconds of each, after one pass to warm up; the passes take turns.
std::vector<double> seconds_of(const std::vector<std::function<void()>>& works, int passes) {
  for (const auto& work : works) work();
  std::vector<std::vector<double>> taken(works.size());
  for (int pass = 0; pass < passes; ++pass)
    for (std::size_t i = 0; i < works.size(); ++i) {
      const Stopwatch watch;
      works[i]();
      taken[i].push_back(watch.seconds());
    }
  std::vector<double> out;
  for (const auto& times : taken) out.push_back(median(times));
  return out;
}

std::function<void()> product(c10::ScalarType type) {
  const Tensor a = at::randn({2048, 2048}).to(type), b = at::randn({2048, 2048}).to(type);
  return [=] { frozen_product(a, b); };
}

constexpr std::int64_t batch_size = 32;

/// A whole step of K clients: loss, gradient, optimiser.
std::function<void()> step(Learner& learner, const Clip& clip, std::int64_t K, bool patches) {
  auto parameters = std::make_shared<Parameters>(learner.layout(), K);
  std::vector<ClientId> clients;
  for (std::int64_t k = 0; k < K; ++k) clients.push_back(k);
  for (const Owner owner : owners) learner.initialise(*parameters, owner, clients, Keys(1));
  for (const Owner owner : owners) Tensor(parameters->flat(owner)).add_(at::randn_like(parameters->flat(owner)), 0.01);
  auto batch = std::make_shared<Batch>();
  batch->features = at::randn({K, batch_size, clip.config.embed_dim});
  if (patches) batch->patches = at::randn({K, batch_size, 49, clip.config.embed_dim});
  batch->labels = at::randint(0, std::int64_t(class_names.size()), {K, batch_size});
  batch->present = at::ones({K, batch_size});
  batch->active = at::ones({K});
  auto memory = std::make_shared<Memory>(K, std::map<std::string, std::int64_t>{});
  auto diagnostics = std::make_shared<Diagnostics>(learner.diagnostics(), K);
  auto optimisers = std::make_shared<std::vector<std::pair<Owner, std::unique_ptr<Optimiser>>>>();
  for (const Owner owner : owners)
    if (learner.layout().size(owner) > 0)
      optimisers->emplace_back(owner, make_optimiser({}, learner.layout(), owner, K, at::kCPU));
  return [&learner, parameters, batch, memory, diagnostics, clients, optimisers] {
    const Keys keys(1);
    Turn turn{0, 1, clients, learner.layout(), parameters->flat(Owner::shared), *memory, *diagnostics, keys};
    parameters->zero_gradient();
    learner.loss(*parameters, *batch, turn).sum().backward();
    for (auto& [owner, optimiser] : *optimisers) {
      optimiser->begin_turn(1e-3);
      optimiser->step(parameters->flat(owner), parameters->gradient(owner), batch->active);
    }
  };
}

void measure(const Clip& clip, c10::ScalarType type, std::int64_t K) {
  const Clip cast = clip.to(at::TensorOptions(type));
  PromptOptions prompt;
  prompt.context = 4;
  PromptLearner one(prompt, material_of(cast, class_names));
  DualPromptOptions options;
  DualPromptLearner whole(options, material_of(cast, class_names));
  options.transport = "none";
  options.alpha = 0;
  DualPromptLearner bare(options, material_of(cast, class_names));
  const PromptedText texts(cast, class_names, 4);
  const ClassPrompts prompts(cast, class_names, 4);
  PromptTree operators(frozen_text(cast.tensors), cast.config, prompts);
  PaddedPrompts recipe(frozen_text(cast.tensors), cast.config, prompts);
  const Tensor context = at::randn({K, 4, 512}) * 0.02;
  const auto tree = [&] {
    const Tensor leaf = (context + 1e-3 * at::randn({1})).requires_grad_(true);
    operators.encode(leaf).sum().backward();
  };
  const auto hand = [&] {
    const Tensor leaf = (context + 1e-3 * at::randn({1})).requires_grad_(true);
    texts.encode(leaf).sum().backward();
  };
  const auto padded = [&] {
    const Tensor leaf = context.narrow(0, 0, 1).clone().requires_grad_(true);
    recipe.encode(leaf).sum().backward();
  };
  const auto times = seconds_of({product(type), padded, tree, hand, step(one, cast, K, false),
                                 step(whole, cast, K, true), step(bare, cast, K, false)},
                                9);
  const double peak = 2 * std::pow(2048., 3) / times[0], flops = bench::needed_flops(clip, 4), clients = double(K);
  const auto share = [&](double seconds, double texts_passes) {
    return 100 * clients * texts_passes * flops / seconds / peak;
  };
  std::printf("%-9s K %2ld  product %4.0f GFLOP/s  needed %.2f GFLOP a context\n", at::toString(type), long(K),
              peak / 1e9, flops / 1e9);
  const auto line = [&](const char* what, double seconds, double passes) {
    std::printf("  %-34s %8.2f ms a client  %5.1f %% of the product's speed\n", what, 1e3 * seconds / clients,
                share(seconds, passes));
  };
  std::printf("  %-34s %8.2f ms a client\n", "padded prompts, one client", 1e3 * times[1]);
  line("texts, LibTorch's operators", times[2], 1);
  line("texts, by hand", times[3], 1);
  line("prompt: a whole step", times[4], 1);
  line("dual_prompt: a whole step", times[5], 2);
  // 49 patches of an image against its class's two prompts, forward and back to these.
  const double transport = 2 * 2 * batch_size * 49 * 2 * double(clip.config.embed_dim);
  std::printf("  %-34s %8.1f %% of it; its products are %.4f GFLOP, %.2f %% of a step's\n", "transport and alignment",
              100 * (times[5] - times[6]) / times[5], transport / 1e9, 100 * transport / (2 * flops + transport));
}

}  // namespace
}  // namespace fedorbit

int main(int count, char** arguments) {
  if (count < 2) return std::fprintf(stderr, "bench_engine VOCABULARY [CLIENTS...]\n"), 2;
  mallopt(M_MMAP_THRESHOLD, 1 << 26);  // as the program does
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  at::set_num_threads(1);
  at::manual_seed(1);
  std::vector<std::int64_t> groups;
  for (int i = 2; i < count; ++i) groups.push_back(std::stol(arguments[i]));
  if (groups.empty()) groups = {1, 4, 8};
  const fedorbit::Clip clip = fedorbit::bench::random_clip(arguments[1]);
  for (const auto type : {at::kFloat, at::kBFloat16})
    for (const std::int64_t K : groups) fedorbit::measure(clip, type, K);
}
