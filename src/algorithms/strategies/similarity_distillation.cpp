#include "algorithms/strategies/similarity_distillation.hpp"

#include <ATen/ops/cat.h>
#include <ATen/ops/ones.h>
#include <c10/core/GradMode.h>

#include <cmath>

#include "algorithms/losses/similarity.hpp"
#include "core/error.hpp"

namespace fedorbit {
namespace {

/// One model whose shared tensors are these (P + S); clients' own are zeros.
Parameters model_of(const Tensor& shared, const Learner& learner, std::span<const Batch> images) {
  Parameters parameters(learner.layout(), 1, images.front().present.device());
  parameters.flat(Owner::shared).copy_(shared.unsqueeze(0));
  return parameters;
}

}  // namespace

PublicBatches SimilarityDistillation::batches() const {
  if (options_.steps == 0) return {};
  return {options_.batches, options_.batch_size};
}

Tensor SimilarityDistillation::seen_by(const Tensor& shared, Learner& learner, std::span<const Batch> images) const {
  const at::NoGradGuard no_gradient;
  const Parameters model = model_of(shared, learner, images);
  const Encoding encoding = learner.encoder()->encoding(model, Scope::global);
  std::vector<Tensor> seen;
  for (const Batch& batch : images)
    seen.push_back(similarities(encoding(batch)[0], options_.temperature).flatten().to(at::kCPU));
  return at::cat(seen);
}

Tensor SimilarityDistillation::distilled(const Server& server, const Tensor& wanted, Learner& learner,
                                         std::span<const Batch> images) const {
  const Layout& layout = learner.layout();
  Parameters model = model_of(server.parameters(), learner, images);
  const at::Device device = model.flat(Owner::shared).device();
  const auto optimiser = make_optimiser({.kind = options_.optimiser, .momentum = options_.momentum, .weight_decay = 0},
                                        layout, Owner::shared, 1, device);
  optimiser->begin_turn(options_.learning_rate);
  const std::int64_t B = options_.batch_size, trained = layout.trained(Owner::shared);
  const Tensor targets = wanted.to(device).view({options_.batches, B, B - 1}),
               active = at::ones({1}, targets.options());
  for (std::int64_t step = 0; step < options_.steps; ++step) {
    const std::int64_t batch = step % options_.batches;
    model.zero_gradient();
    const Tensor features = learner.encoder()->encode(model, images[std::size_t(batch)])[0];
    const Tensor loss = similarity_divergence(targets[batch], features, options_.temperature);
    require(std::isfinite(loss.item<float>()), "the server's distillation in round ", server.round,
            " came to a loss of ", loss.item<float>(), " in step ", step,
            "; use a smaller learning_rate of its distillation.");
    loss.backward();
    optimiser->step(model.flat(Owner::shared).narrow(1, 0, trained),
                    model.gradient(Owner::shared).narrow(1, 0, trained), active);
  }
  return model.weights(Owner::shared)[0].to(at::kCPU, at::kFloat, /*non_blocking=*/false, /*copy=*/true);
}

}  // namespace fedorbit
