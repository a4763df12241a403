// What an evaluation finds, as records for the results file and the log.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace fedorbit {

/// One score: of the global model on the whole test pool (client = -1), or of one client's own test images.
struct EvaluationRecord {
  std::int64_t round;  // after how many rounds: 0 is before training
  std::string
      view;  // "zero-shot", "global", "personal"; "probe": a linear probe of the same features; or as evaluate names it
  std::int64_t client;  // -1: all test images
  std::int64_t correct, total;
  double loss;                                           // mean cross entropy; NaN where it is not defined
  std::vector<std::int64_t> class_correct, class_total;  // (C); empty on rows of single clients
  std::vector<std::int64_t> confusion{};                 // (C, C): label, answer; empty where nobody asked for it
};

/// What one template of a set says of the test images on its own.
struct TemplateRecord {
  std::string set, pattern;
  std::int64_t correct, total;
  double loss;
};

}  // namespace fedorbit
