// From the turns of all ranks to what came of the cohort: the federated average, exact by default. Updates are folded
// as they come: a rank holds one sum, however many clients it trains.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "comm/communicator.hpp"
#include "federation/exact_sum.hpp"
#include "federation/turn.hpp"

namespace fedorbit {

/// Exact sums are scaled before the round trains, from what all ranks know: an update is expected to stay below 2^8
/// times the largest parameter of its tensor (at least 2^8), the move of a statistic below 2^20 times, since its first
/// ones go as far as a network's activations are large, and an extra below the bound that its strategy declares. With
/// 40 clients of a thousand images each the mean's error is then some 2^-50 of the largest parameter, below the
/// rounding of an update to float32. Where a value is beyond, the round is to be played again, with the bound that it
/// needs.
class Aggregation {
 public:
  /// `mode` is training.aggregation.
  Aggregation(const Layout& layout, const Strategy& strategy, const std::string& mode);

  /// A round, or another attempt at it, from the shared `parameters` (P + S); the cohort's clients and the sum of their
  /// weights.
  void begin(const Tensor& parameters, std::int64_t clients, std::int64_t weight);
  /// Adds the finite updates of a turn. (K) flags: clients with a value beyond its bound; what they sent is not added.
  std::vector<bool> fold(const TurnOutcome& turn);
  /// Of each segment, the exponent above the largest value that this rank folded since begin().
  const std::vector<std::int64_t>& exponents() const { return exponents_; }
  /// Where exponents() over all ranks exceed the bounds, these become the bounds from now on; the names of the tensors
  /// and extras concerned, none where the sums hold.
  std::vector<std::string> widen(std::span<const std::int64_t> exponents);
  /// Collective; `clients` and `weight` count the finite updates of all ranks.
  Sums close(std::int64_t clients, std::int64_t weight, Communicator& communicator);

  /// How many numbers ranks sum.
  std::int64_t length() const { return length_; }
  /// (segments) int64: the exponents of the bounds that are kept from round to round; 0 where nothing asked for one.
  Tensor bounds() const;
  /// Throws where they are not of this method's tensors.
  void restore(const Tensor& bounds);

 private:
  enum class Part { weight, statistic, sent, inspected };
  struct Term {
    std::string name;
    Segment place;       // in the sum: weights, statistics, extras
    Part part;           // the clients' weights scale all but what is sent
    std::int64_t bound;  // the exponent that is kept
  };

  /// The largest |value| of one client's term.
  float add(std::size_t term, const float* values, std::int64_t weight);

  Strategy::Extras extras_;
  std::int64_t weights_, statistics_, length_;  // the last with extras
  std::vector<Term> terms_;                     // one a tensor, in the layout's order, then one an extra
  std::vector<std::int64_t> exponents_;
  std::vector<int> expected_;      // of this round: every |value| is below 2^expected
  std::optional<ExactSum> exact_;  // in that mode
  at::ScalarType plain_type_ = at::kFloat;
  Tensor plain_;  // (P + S + extras) float64 or float32, in the others, while a round adds to it
};

}  // namespace fedorbit
