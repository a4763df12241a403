// FedSense (Tan et al. 2025, arXiv 2503.11051): flat minima at clients, and what these see of public images distilled
// at the server. No equation of it is in reach: all here are ours. (Features are aligned by the learner's own
// alignment, few bits and error feedback are the upload's codec.)
#pragma once
#include "algorithms/strategies/fedlesam.hpp"
#include "algorithms/strategies/fedsam.hpp"
#include "algorithms/strategies/similarity_distillation.hpp"

namespace fedorbit {

struct FedSenseOptions : PerturbationOptions {
  std::string flatness = "lesam";
  DistillationOptions distillation;
  void fields(OptionList& v) {
    v("flatness", flatness, "where clients take gradients: as fedlesam does, as fedsam does, or where they stand",
      {"lesam", "sam", "none"});
    PerturbationOptions::fields(v);
    v.section("distillation", distillation);
  }
};

class FedSense final : public Strategy {
 public:
  explicit FedSense(const FedSenseOptions& options)
      : at_clients_(flatness_of(options)), distillation_(options.distillation) {}
  Lengths memories(const Layout& layout) const override { return at_clients_->memories(layout); }
  Tensor gradient(const GradientAt& at, const Tensor& shared, Turn& turn) override {
    return at_clients_->gradient(at, shared, turn);
  }
  bool replayable() const override { return at_clients_->replayable(); }
  Upload upload(const Tensor& update, Turn& turn) override { return at_clients_->upload(update, turn); }
  void aggregate(Server& server, const Sums& sums) override { at_clients_->aggregate(server, sums); }

  PublicBatches public_batches() const override { return distillation_.batches(); }
  /// What a stale model sees would count in full, its update less.
  bool takes_stale_updates() const override { return !distils(); }
  Extras extras(const Layout&) const override {
    if (!distils()) return {};
    return {{similarity, {.length = distillation_.count(), .bound = 1, .sent = false}}};
  }
  Named inspect(const Tensor& shared, Learner& learner, std::span<const Batch> images) const override {
    return {{similarity, distillation_.seen_by(shared, learner, images)}};
  }
  Tensor train_server(const Server& server, const Sums& sums, Learner& learner,
                      std::span<const Batch> images) const override {
    return distillation_.distilled(server, sums.extras.at(similarity), learner, images);
  }

 private:
  static constexpr const char* similarity = "similarity";
  static std::unique_ptr<Strategy> flatness_of(const FedSenseOptions& options) {
    if (options.flatness == "lesam") return std::make_unique<FedLesam>(options);
    if (options.flatness == "sam") return std::make_unique<FedSam>(options);
    return std::make_unique<FedAvg>(options);
  }
  bool distils() const { return distillation_.batches().count > 0; }

  std::unique_ptr<Strategy> at_clients_;
  SimilarityDistillation distillation_;
};

}  // namespace fedorbit
