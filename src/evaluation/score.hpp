// What an exam finds: one number, about whose parameters and which images, and the exact counts behind it.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace fedorbit {

/// Whose parameters were judged.
namespace scope {
inline constexpr const char *frozen = "frozen",  // the features as the weights give them: nothing of a run
    *global = "global",                          // the server's alone
        *personal = "personal",                  // what a client that has trained would start from now
            *untrained = "untrained",            // the same of a client that never has
                *trained = "trained";            // what a client holds right after its local training
}  // namespace scope

/// What was done: the metrics are those of labelling, `accuracy` and `loss` (mean cross entropy).
namespace task {
inline constexpr const char *labelling = "labelling", *zero_shot = "zero-shot", *probe = "probe",
                            *neighbours = "neighbours";
}  // namespace task

/// Which images: of the client, the domain and the class where those are named; all together in one pool where not.
namespace split {
inline constexpr const char *test = "test",
                            *validation = "validation",              // held out, of clients that train
                                *unseen = "unseen",                  // of clients and domains that never do
                                    *all = "all",                    // where nothing was trained on any
                                        *downstream = "downstream";  // held out, of another data set than the run's
}  // namespace split

inline constexpr std::int64_t any = -1;  // clients, domains, classes alike

struct Score {
  std::int64_t round = 0;  // after how many rounds: 0 is before training
  std::string scope{}, split{};
  std::int64_t client = any, domain = any, label = any;
  std::string task{}, metric{};
  double value = 0;
  std::int64_t correct = -1, count = 0;  // exact: right answers (-1 where the metric is no share), images
};

/// How often a class was taken for which, where somebody asked.
struct Confusion {
  std::int64_t round;
  std::string scope, split, task;
  std::vector<std::int64_t> counts;  // (C, C): label, answer
};

/// What one template of a set says of the images on its own.
struct TemplateRecord {
  std::string set, pattern;
  std::int64_t correct, total;
  double loss;
};

}  // namespace fedorbit
