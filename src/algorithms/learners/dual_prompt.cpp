#include "algorithms/learners/dual_prompt.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/where.h>

#include "algorithms/learners/prompt.hpp"
#include "algorithms/losses/alignment.hpp"
#include "algorithms/losses/cosine.hpp"
#include "algorithms/losses/cross_entropy.hpp"
#include "core/error.hpp"

namespace fedorbit {
namespace {

enum Column { cross_entropy_column, alignment_column, cosine_column, cost_column, iterations_column, residual_column };

/// Patches (K, B, M, d) against targets (K, C, N, d), all unit -> cost 1 - cos (K, B, C, M, N).
Tensor patch_cost(const Tensor& patches, const Tensor& targets) {
  const auto K = patches.size(0), B = patches.size(1), M = patches.size(2), d = patches.size(3);
  const auto C = targets.size(1), N = targets.size(2);
  const Tensor cosine = at::matmul(patches.reshape({K, B * M, d}), targets.reshape({K, C * N, d}).transpose(1, 2));
  return 1 - cosine.view({K, B, M, C, N}).transpose(2, 3);
}

TransportPlan plan_for(const Tensor& cost, const TransportSettings& settings) {
  if (cost.size(-1) == 2) return two_target_transport(cost, settings);
  const Tensor rows = at::full_like(cost.select(-1, 0), 1.0 / double(cost.size(-2))).detach();
  const Tensor columns = at::full_like(cost.select(-2, 0), 1.0 / double(cost.size(-1))).detach();
  return sinkhorn(cost, rows, columns, settings);
}

/// Rows of `table` (K, C, ...) at labels (K, B) -> (K, B, ...).
Tensor rows_of(const Tensor& table, const Tensor& labels) {
  const auto K = table.size(0), C = table.size(1);
  const Tensor first = C * at::arange(K, labels.options()).unsqueeze(1);  // of each client's rows
  std::vector<std::int64_t> shape = table.sizes().vec();
  shape[1] = labels.size(1);
  return table.flatten(0, 1).index_select(0, (labels + first).flatten()).view(shape);
}

struct Transported {
  Tensor cost, iterations, residual;  // (K)
};

/// Each image's patches to its class's targets: the mean over present images of <sg(T*), C>.
Transported transport_patches(const Tensor& targets, const Batch& batch, const TransportSettings& settings) {
  const Tensor chosen = rows_of(targets, batch.labels);                             // (K, B, N, d)
  const Tensor cost = 1 - at::matmul(unit(batch.patches), chosen.transpose(2, 3));  // (K, B, M, N)
  const TransportPlan plan = plan_for(cost, settings);
  return {present_mean((plan.plan * cost).sum(at::IntArrayRef{2, 3}), batch.present),
          present_mean(plan.iterations, batch.present), (plan.residual * batch.present).amax(1)};
}

/// The batch's images to their labels' text features: one problem a client, mass on present samples only.
Transported transport_batch(const Tensor& label_features, const Batch& batch, const TransportSettings& settings) {
  const Tensor texts = rows_of(label_features, batch.labels);                       // (K, B, d)
  const Tensor cost = 1 - at::matmul(unit(batch.features), texts.transpose(1, 2));  // (K, B, B)
  const Tensor count = batch.present.sum(1, true);
  // A client without samples gets mass everywhere, so that its row, which nobody uses, stays finite.
  const Tensor mass = at::where(count > 0, batch.present / count.clamp_min(1),
                                at::full_like(batch.present, 1.0 / double(batch.present.size(1))));
  const TransportPlan plan = sinkhorn(cost, mass, mass, settings);
  return {(plan.plan * cost).sum(at::IntArrayRef{1, 2}), plan.iterations, plan.residual};
}

}  // namespace

DualPromptLearner::DualPromptLearner(const DualPromptOptions& options, const Material& material)
    : options_(options),
      transport_{options.lambda, options.max_iterations, options.tolerance},
      single_(material.weights_for("dual_prompt"), material.class_names, options.context, material.engine,
              material.share),
      logit_scale_(material.logit_scale) {
  const Clip& clip = *material.clip;
  if (needs().patches) patch_bytes_ = double(clip.config.vision.patches() * material.width) * sizeof(float);
  if (options.reading == "joined")
    joined_.emplace(clip, material.class_names, 2 * options.context, material.engine, single_);
  layout_.add({"context.shared", {options.context, clip.config.text.width}, Owner::shared});
  layout_.add({"context.private", {options.context, clip.config.text.width}, Owner::personal});
}

void DualPromptLearner::initialise(Parameters& parameters, Owner owner, std::span<const ClientId> clients,
                                   const Keys& keys) {
  initialise_contexts(parameters, owner, clients, keys);
}

Tensor DualPromptLearner::align(const Tensor& personal, const Tensor& shared) const {
  const Tensor anchor = options_.stop_shared_gradient ? shared.detach() : shared;
  return options_.alignment == "cosine" ? cosine_alignment(personal, anchor, options_.scale)
                                        : contrastive_alignment(personal, anchor, options_.scale);
}

DualPromptLearner::TextFeatures DualPromptLearner::text_features(const Parameters& parameters, bool alike) const {
  const Tensor& shared = parameters["context.shared"];     // (K, h, w)
  const Tensor& personal = parameters["context.private"];  // (K, h, w)
  if (joined_) {
    const Tensor label = unit(joined_->encode(at::cat({shared, personal}, 1)));
    // One feature a class leaves nothing to compare but the prompts themselves: tokens take the place of classes.
    const Tensor a = unit(personal), b = unit(shared);
    return {label, label.unsqueeze(2), align(a, b), (a * b).sum(2).mean(1)};
  }
  const auto K = shared.size(0);
  // One pass for 2K contexts.
  const Tensor both = unit(single_.encode(at::cat({shared, personal}, 0), alike ? K : 0));
  const Tensor shared_features = both.narrow(0, 0, K), private_features = both.narrow(0, K, K);
  return {unit(shared_features + private_features), at::stack({shared_features, private_features}, 2),
          align(private_features, shared_features), (private_features * shared_features).sum(2).mean(1)};
}

Tensor DualPromptLearner::logits(const Tensor& label, const Tensor& targets, const Batch& batch) const {
  if (!options_.transport_score) return cosine_logits(batch.features, label, logit_scale_);
  const Tensor cost = patch_cost(unit(batch.patches), targets);  // (K, B, C, M, N)
  return logit_scale_ * (1 - (plan_for(cost, transport_).plan * cost).sum(at::IntArrayRef{3, 4}));
}

std::int64_t DualPromptLearner::usual_group(const at::Device& device) const { return usual_group_of_prompts(device); }

Tensor DualPromptLearner::loss(const Parameters& parameters, const Batch& batch, Turn& turn) {
  const TextFeatures text = text_features(parameters, turn.alike);
  const Tensor entropy = cross_entropy(logits(text.label, text.targets, batch), batch.labels, batch.present);
  Tensor total = entropy + options_.alpha * text.alignment;
  auto observe = [&](Column column, const Tensor& values) {
    turn.diagnostics.observe(diagnostics()[column], values, batch.active);
  };
  observe(cross_entropy_column, entropy);
  observe(alignment_column, text.alignment);
  observe(cosine_column, text.similarity);
  if (options_.transport == "none") return total;
  const Transported moved = options_.transport == "patch" ? transport_patches(text.targets, batch, transport_)
                                                          : transport_batch(text.label, batch, transport_);
  observe(cost_column, moved.cost);
  observe(iterations_column, moved.iterations);
  observe(residual_column, moved.residual);
  return total + options_.beta * moved.cost;
}

double DualPromptLearner::step_bytes(std::int64_t batch_size) const {
  const double texts = joined_ ? joined_->bytes() : 2 * single_.bytes();
  return texts + 2 * double(batch_size) * patch_bytes_;  // as they are kept, and of unit length
}

Scorer DualPromptLearner::scorer(const Parameters& parameters, Scope scope) {
  Tensor label, targets;
  if (scope == Scope::global) {
    label = unit(single_.encode(parameters["context.shared"]));
    targets = label.unsqueeze(2);
  } else {
    const TextFeatures text = text_features(parameters, false);
    label = text.label;
    targets = text.targets;
  }
  return [this, label, targets](const Batch& batch) { return logits(label, targets, batch); };
}

std::vector<std::string> DualPromptLearner::diagnostics() const {
  return {"cross_entropy",        "alignment",         "prompt_cosine", "transport_cost",
          "transport_iterations", "transport_residual"};
}

std::vector<std::string> DualPromptLearner::warnings(std::span<const double> means) const {
  std::vector<std::string> found;
  if (means[cosine_column] < options_.drift_warning)
    found.push_back(text("private prompts have drifted from the shared one: their mean cosine is ",
                         means[cosine_column], ", below dual_prompt.drift_warning = ", options_.drift_warning, "."));
  if (means[residual_column] > options_.tolerance)
    found.push_back(text("the transport does not converge: its mean residual after ", means[iterations_column],
                         " iterations is ", means[residual_column],
                         ", above dual_prompt.tolerance = ", options_.tolerance, "."));
  return found;
}

std::string DualPromptLearner::idle() const {
  if (!joined_ || !needs().patches) return {};
  return "dual_prompt.reading = joined leaves one text feature a class: patches have one target, whose plan is the "
         "same "
         "whatever dual_prompt.lambda is, and the alignment compares the prompts' tokens.";
}

}  // namespace fedorbit
