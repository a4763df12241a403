// Which round's shared parameters a run keeps in the end: those of the last, or those that validate best.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "algorithms/strategy.hpp"
#include "evaluation/score.hpp"

namespace fedorbit {

/// The shared parameters that have been best so far.
struct Selected {
  std::int64_t round;  // after how many rounds
  double accuracy;     // the mean over clients
  Tensor shared;       // Server::parameters
};

/// By evaluation.select = validation: the mean over clients of the global model's accuracy on their validation images,
/// as FedCLIP's authors select (arXiv 2302.13485). Of equal ones the first, of rounds that were evaluated, and never
/// the beginning.
class Selection {
 public:
  /// `by` is evaluation.select.
  explicit Selection(const std::string& by) : asked_(by == "validation") {}
  /// Whether these scores, taken of the server as it is, are better than any before: then it is kept.
  bool look(const Server& server, const std::vector<Score>& scores);
  const std::optional<Selected>& best() const { return best_; }
  void restore(std::optional<Selected> best) { best_ = std::move(best); }

 private:
  bool asked_;
  std::optional<Selected> best_;
};

}  // namespace fedorbit
