// What a round of 40 clients with two steps of 32 images costs: with PromptFL through the text tower of ViT-B/32, and
// with a client that does next to nothing, which leaves the simulator's own cost. Under mpirun, all ranks together.
//   bench_round VOCABULARY [ROUNDS [trivial]]     (bpe_simple_vocab_16e6.txt.gz; default 5 rounds; "trivial" alone)
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <malloc.h>
#include <sys/resource.h>

#include <cstdio>

#include "algorithms/learners/prompt.hpp"
#include "bench/rounds.hpp"
#include "bench/trivial.hpp"
#include "comm/factory.hpp"

namespace fedorbit {
namespace {

void measure(const char* what, Learner& learner, std::int64_t group, std::int64_t rounds, Communicator& communicator,
             std::int64_t batch_size = 32) {
  const bench::Rounds all{.group = group, .rounds = rounds, .batch_size = batch_size};
  const bench::RoundSeconds seconds = bench::seconds_of(all, learner, communicator);
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  Tensor memory = at::tensor(double(used.ru_maxrss) / (1 << 20), at::kDouble);
  communicator.all_reduce(memory);
  if (!communicator.root()) return;
  std::printf(
      "%-22s %2ld at once  %9.5f s a round  %8.4f ms a client  %5.2f %% of it waiting for other ranks, %5.2f %% "
      "neither that nor training  %5.2f GiB in all\n",
      what, long(group), seconds.total, 1e3 * seconds.total / double(all.clients),
      100 * seconds.waiting / seconds.total, 100 * seconds.harness / seconds.total, memory.item<double>());
}

}  // namespace
}  // namespace fedorbit

int main(int count, char** arguments) {
  using namespace fedorbit;
  if (count < 2) return std::fprintf(stderr, "bench_round VOCABULARY [ROUNDS]\n"), 2;
  at::set_num_threads(1);
  mallopt(M_MMAP_THRESHOLD, 1 << 30);  // as the program does
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  const auto communicator = make_communicator("auto");
  const std::int64_t rounds = count > 2 ? std::stol(arguments[2]) : 5;
  bench::Trivial trivial;
  for (const std::int64_t group : {std::int64_t(5), std::int64_t(20), trivial.usual_group(at::kCPU)})
    measure("trivial, 4 images", trivial, group, 40 * rounds, *communicator, 4);
  for (const std::int64_t group : {std::int64_t(5), std::int64_t(20), trivial.usual_group(at::kCPU)})
    measure("trivial, 32 images", trivial, group, 40 * rounds, *communicator);
  if (count > 3) return 0;
  const Clip clip = bench::random_clip(arguments[1]);
  PromptOptions options;
  options.context = 4;
  for (const std::int64_t group : {5, 10, 20}) {
    PromptLearner exact(options, material_of(clip, bench::class_names));
    measure("prompt, float32", exact, group, rounds, *communicator);
  }
  for (const std::int64_t group : {5, 10, 20}) {
    PromptLearner rough(options, material_of(clip.to(at::TensorOptions(at::kBFloat16)), bench::class_names));
    measure("prompt, bfloat16", rough, group, rounds, *communicator);
  }
}
