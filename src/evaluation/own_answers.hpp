// What clients' own parameters make of their own images of one split, counted by client and class.
#pragma once
#include <functional>

#include "evaluation/exam.hpp"

namespace fedorbit {

/// How many images of a client are labelled at once: the same for all that share a group, so that bits do not depend on
/// who does; where clients train one by one, no more than a client has.
struct AtOnce {
  std::int64_t images;
  bool one_by_one;
};

class OwnAnswers {
 public:
  /// Of the questions' clients.
  OwnAnswers(const Questions& questions, const SplitImages& images, AtOnce at_once);

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
  AtOnce at_once_;
  Tensor counts_, losses_;  // (n, C, 2) int64: right answers, images; (n) float64
};

}  // namespace fedorbit
