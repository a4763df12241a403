// What training costs on a GPU, by how many clients train together: client-steps a second, and the share of the card's
// own product that the arithmetic that cannot be avoided reaches (tests/bench/flops.hpp). `replay` holds recorded steps
// against launched ones; `profile` writes what the GPU does in one round, for chrome://tracing or tests/gpu/trace.py.
//   bench_device VOCABULARY groups|replay
//   bench_device VOCABULARY profile FILE.json
#include <ATen/Parallel.h>
#include <ATen/cuda/CUDAContext.h>
#include <malloc.h>
#include <torch/csrc/autograd/profiler_kineto.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "algorithms/learners/dual_prompt.hpp"
#include "algorithms/learners/prompt.hpp"
#include "bench/flops.hpp"
#include "bench/rounds.hpp"
#include "comm/factory.hpp"
#include "core/clock.hpp"

namespace fedorbit {
namespace {

using bench::Rounds;

const at::Device gpu(at::kCUDA, 0);

/// Floating-point operations a second of the library's product of n x n matrices.
double product_speed(c10::ScalarType type, std::int64_t n) {
  const Tensor a = at::randn({n, n}, at::TensorOptions(at::kFloat).device(gpu)).to(type), b = a.t().contiguous();
  constexpr int times = 20;
  for (int i = 0; i < 3; ++i) at::mm(a, b);
  at::cuda::getCurrentCUDAStream().synchronize();
  const Stopwatch watch;
  for (int i = 0; i < times; ++i) at::mm(a, b);
  at::cuda::getCurrentCUDAStream().synchronize();
  return 2 * times * double(n) * double(n) * double(n) / watch.seconds();
}

/// A method as a client trains it: how many contexts go through the text tower, how many patches an image has.
struct Method {
  const char* name;
  std::int64_t contexts, patches;
};

std::unique_ptr<Learner> learner_of(const Method& method, const Clip& clip) {
  if (method.contexts == 1) {
    PromptOptions options;
    options.context = 4;
    return std::make_unique<PromptLearner>(options, material_of(clip, bench::class_names));
  }
  return std::make_unique<DualPromptLearner>(DualPromptOptions{}, material_of(clip, bench::class_names));
}

constexpr Method methods[]{{"prompt", 1, 0}, {"dual_prompt, ViT-B/32", 2, 49}, {"dual_prompt, ViT-B/16", 2, 196}};

void groups(const Clip& clip, c10::ScalarType type, Communicator& communicator) {
  const double product = product_speed(type, 8192), needed = bench::needed_flops(clip, 4);
  std::printf("%s: product of 8192 x 8192: %.1f TFLOP/s; %.2f GFLOP a context and step\n", at::toString(type),
              product / 1e12, needed / 1e9);
  const Clip cast = clip.to(at::TensorOptions(type));
  for (const Method& method : methods) {
    const auto learner = learner_of(method, cast);
    for (const std::int64_t group : {1, 5, 10, 20, 40, 80}) {
      // The first rounds launch what the next ones record.
      const Rounds rounds{
          .clients = 80, .group = group, .rounds = 5, .patches = method.patches, .warm_up = 3, .device = gpu};
      const double seconds = bench::seconds_of(rounds, *learner, communicator).total,
                   steps = 2 * double(rounds.clients) / seconds;
      std::printf("  %-22s %2ld at once  %9.1f client-steps/s  %7.3f ms a group's step  %6.1f TFLOP/s  %5.1f %%\n",
                  method.name, long(group), steps, 1e3 * double(group) / steps,
                  steps * double(method.contexts) * needed / 1e12,
                  100 * steps * double(method.contexts) * needed / product);
      std::fflush(stdout);
    }
  }
}

void replay(const Clip& clip, c10::ScalarType type, Communicator& communicator) {
  const Clip cast = clip.to(at::TensorOptions(type));
  for (const Method& method : methods) {
    const auto learner = learner_of(method, cast);
    double seconds[2];
    for (const bool graph : {false, true})
      seconds[graph] = bench::seconds_of({.clients = 40,
                                          .group = 5,
                                          .rounds = 5,
                                          .patches = method.patches,
                                          .warm_up = 3,
                                          .device = gpu,
                                          .graph = graph},
                                         *learner, communicator)
                           .total;
    std::printf("%-8s %-22s 5 at once: launched %8.3f ms a step, recorded %8.3f ms: %.2f times as fast\n",
                at::toString(type), method.name, 1e3 * seconds[0] / 16, 1e3 * seconds[1] / 16, seconds[0] / seconds[1]);
    std::fflush(stdout);
  }
}

/// One round of 40 clients, 10 at once, after some that are not looked at.
void profile(const Clip& clip, const char* file, Communicator& communicator) {
  namespace profiler = torch::autograd::profiler;
  const auto learner = learner_of(methods[2], clip.to(at::TensorOptions(at::kBFloat16)));
  const profiler::ProfilerConfig config(torch::profiler::impl::ProfilerState::KINETO);
  const std::set<profiler::ActivityType> activities{profiler::ActivityType::CPU, profiler::ActivityType::CUDA};
  Rounds rounds{.clients = 40, .group = 10, .rounds = 3, .patches = 196, .warm_up = 3, .device = gpu};
  rounds.committed = [&](std::int64_t round) {
    if (round == 3) {
      profiler::prepareProfiler(config, activities);
      profiler::enableProfiler(config, activities);
    } else if (round == 4) {
      profiler::disableProfiler()->save(file);
    }
  };
  bench::seconds_of(rounds, *learner, communicator);
}

}  // namespace
}  // namespace fedorbit

int main(int count, char** arguments) {
  using namespace fedorbit;
  const std::string what = count > 2 ? arguments[2] : "";
  if (what != "groups" && what != "replay" && !(what == "profile" && count > 3))
    return std::fprintf(stderr, "bench_device VOCABULARY groups|replay|profile [FILE.json]\n"), 2;
  mallopt(M_MMAP_THRESHOLD, 1 << 30);  // as the program does
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  ::setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", 0);
  at::set_num_threads(1);
  at::globalContext().setDeterministicAlgorithms(true, false);
  at::globalContext().setDeterministicFillUninitializedMemory(false);
  at::cuda::setCurrentCUDAStream(at::cuda::getStreamFromPool(false, 0));  // the default stream cannot be recorded
  const auto communicator = make_communicator("single");
  const Clip clip = bench::random_clip(arguments[1]).to(at::TensorOptions(gpu));
  if (what == "profile") return profile(clip, arguments[3], *communicator), 0;
  for (const auto type : {at::kFloat, at::kBFloat16})
    what == "groups" ? groups(clip, type, *communicator) : replay(clip, type, *communicator);
}
