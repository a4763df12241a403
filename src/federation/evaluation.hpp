// How good the models are: zero-shot, the global model, every client's own, and a linear probe for comparison.
#pragma once
#include <vector>

#include "comm/communicator.hpp"
#include "federation/client_store.hpp"
#include "federation/cost_model.hpp"
#include "federation/observer.hpp"
#include "federation/turn.hpp"

namespace fedorbit {

/// Collective; the same records on every rank. Images are labelled in fixed chunks, counts are integers and losses are
/// summed in order, so that no score depends on the number of ranks.
class Evaluation {
 public:
  Evaluation(Workshop& workshop, Communicator& communicator, CostModel& costs, std::int64_t classes)
      : workshop_(workshop), communicator_(communicator), costs_(costs), classes_(classes) {}

  /// logit_scale * <v, t_c> over the test pool, for text features (C, d).
  EvaluationRecord zero_shot(const Tensor& text_features, double logit_scale);
  /// A linear classifier fitted to the training pool's features.
  EvaluationRecord linear_probe();
  /// The global shared parameters alone over the test pool.
  EvaluationRecord global(const Server& server);
  /// Each client's own model on its own test images: one record a client that has some, then one (client = -1) for all
  /// of them together. Moves rows to where their clients are evaluated.
  std::vector<EvaluationRecord> personal(const Server& server, ClientStore& store);

 private:
  /// One model over the test pool; `scorer` maps a batch (1, B) to logits (1, B, C).
  EvaluationRecord over_pool(const std::string& view, std::int64_t round, bool with_patches, const Scorer& scorer);

  Workshop& workshop_;
  Communicator& communicator_;
  CostModel& costs_;  // who trained a client evaluates it, if all take part
  std::int64_t classes_;
};

}  // namespace fedorbit
