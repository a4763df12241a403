// What clients' own parameters make of their own images of one split, counted by client and class.
#pragma once
#include <functional>

#include "evaluation/exam.hpp"

namespace fedorbit {

class OwnAnswers {
 public:
  /// Of the questions' clients. `width`: images of a client that are labelled at once, the same for all that share a
  /// group, so that bits do not depend on a client's neighbours. Questions and split outlive it.
  OwnAnswers(const Questions& questions, const SplitImages& images, std::int64_t width);

  /// Labels the images of those of `group` (K) that are judged, each by its own row; what was counted of them before is
  /// forgotten.
  void label(Classifier& classifier, std::span<const ClientId> group, const Parameters& parameters);
  void forget(ClientId client);
  void forget_all();
  /// Collective: from now on every rank has what all have counted. A client is counted by one of them.
  void share(Communicator& communicator);
  /// Of the clients that `counts` holds for: all their images in one pool, each class, each client. `about` says the
  /// rest.
  void append_scores(std::vector<Score>& scores, Score about, const std::function<bool(ClientId)>& counts) const;

 private:
  /// Where a client stands among those that are judged; -1 where it does not.
  std::int64_t place_of(ClientId client) const;

  const Questions& questions_;
  const SplitImages& images_;
  std::int64_t width_;
  Tensor counts_, losses_;  // (n, C, 2) int64: right answers, images; (n) float64
};

}  // namespace fedorbit
