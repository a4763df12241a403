#include "federation/group.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/sub.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/GradMode.h>

#include <algorithm>

#include "federation/clipping.hpp"
#include "federation/turn.hpp"
#include "machine/range.hpp"
#include "machine/send.hpp"

namespace fedorbit {

namespace {

/// Personal parameters of these clients: what they kept, or their initial values.
void load_personal(Workshop& workshop, Parameters& parameters, std::span<const ClientId> clients,
                   const ClientStore& kept) {
  if (workshop.learner.layout().size(Owner::personal) == 0) return;
  if (!std::ranges::all_of(clients, [&](ClientId client) { return kept.has(client); }))
    workshop.learner.initialise(parameters, Owner::personal, clients, workshop.keys);
  for (std::size_t k = 0; k < clients.size(); ++k)
    if (kept.has(clients[k])) kept.read(clients[k], 0, parameters.flat(Owner::personal)[std::int64_t(k)]);
}

/// Some of a batch's images; clients that have none of them are not active.
Batch part_of(const Batch& batch, std::int64_t first, std::int64_t count) {
  const auto narrowed = [&](const Tensor& of_images, std::int64_t axis) {
    return of_images.defined() ? of_images.narrow(axis, first, count).contiguous() : Tensor();
  };
  const Tensor present = narrowed(batch.present, 1);
  return {narrowed(batch.images, 2),
          narrowed(batch.features, 1),
          narrowed(batch.patches, 1),
          narrowed(batch.labels, 1),
          present,
          batch.active * (present.sum(1) > 0),
          narrowed(batch.places, 1)};
}

}  // namespace

Group::Group(const Workshop& workshop, std::int64_t clients, at::Device device)
    : device_(device),
      parameters_(workshop.learner.layout(), clients, device),
      memory_(clients, workshop.memories, device),
      diagnostics_(workshop.learner.diagnostics(), clients, device),
      loss_sum_(at::zeros({clients}, at::TensorOptions(at::kDouble).device(device))) {
  const Layout& layout = workshop.learner.layout();
  if (!device.is_cpu()) on_host_.emplace(layout, clients);
  for (const Owner owner : owners)
    if (layout.trained(owner) > 0)
      optimisers_.emplace_back(owner, make_optimiser(workshop.experiment.optimiser, layout, owner, clients, device));
}

void Group::put(Tensor& place, const Tensor& values) const {
  if (!values.defined() || device_.is_cpu()) {
    place = values;
  } else if (!place.defined()) {
    place = values.to(device_, values.scalar_type(), /*non_blocking=*/false, /*copy=*/true);
  } else {
    place.copy_(values);
  }
}

void Group::load(Workshop& workshop, std::span<const ClientId> clients, const Received& received,
                 const ClientStore& kept) {
  const Layout& layout = workshop.learner.layout();
  // A client at a time, a GPU would take a message for each.
  Parameters& written = on_host_ ? *on_host_ : parameters_;
  written.flat(Owner::shared).copy_(received.shared);
  load_personal(workshop, written, clients, kept);
  workshop.learner.initialise(written, Owner::turn, clients, workshop.keys);
  if (on_host_)
    for (const Owner owner : owners)
      if (layout.size(owner) > 0) send(written.flat(owner), parameters_.flat(owner));
  if (memory_.length() == 0) return;
  const Tensor memories =
      on_host_ ? at::zeros({std::int64_t(clients.size()), memory_.length()}) : memory_.flat().zero_();
  for (std::size_t k = 0; k < clients.size(); ++k)
    if (kept.has(clients[k])) kept.read(clients[k], layout.size(Owner::personal), memories[std::int64_t(k)]);
  if (on_host_) send(memories, memory_.flat());
}

Turn Group::begin(Workshop& workshop, const Server& server, std::span<const ClientId> clients, const Received& received,
                  const ClientStore& kept, const std::vector<std::int64_t>& steps) {
  const auto& options = workshop.experiment;
  const double rate = learning_rate_at(options.optimiser, {server.round, options.training.rounds});
  load(workshop, clients, received, kept);
  diagnostics_.clear();
  loss_sum_.zero_();
  for (auto& [owner, optimiser] : optimisers_) optimiser->begin_turn(rate);
  put(start_, received.shared);
  step_counts_ = steps;
  put(steps_, at::tensor(steps).to(at::kFloat));
  for (const auto& [name, extra] : received.extras) put(received_[name], extra);
  Turn turn{.round = server.round,
            .step = 0,
            .clients = clients,
            .layout = workshop.learner.layout(),
            .start = start_.narrow(1, 0, workshop.learner.layout().weights(Owner::shared)),
            .memory = memory_,
            .diagnostics = diagnostics_,
            .keys = workshop.keys,
            .learning_rate = rate,
            .steps = steps_,
            .received = received_};
  const at::NoGradGuard no_gradient;
  const bool blended = workshop.strategy.receive(parameters_, turn);
  alike_ = received.alike && !blended;
  return turn;
}

Tensor Group::update() {
  parameters_.zero_gradient();
  Tensor place = parameters_.gradient(Owner::shared);
  const Tensor trained = parameters_.weights(Owner::shared);
  return at::sub_out(place, trained, start_.narrow(1, 0, trained.size(1)));
}

Tensor Group::statistics() const {
  const Layout& layout = parameters_.layout();
  return parameters_.statistics(Owner::shared) -
         start_.narrow(1, layout.weights(Owner::shared), layout.statistics(Owner::shared));
}

void Group::step(Workshop& workshop, Turn& turn, const Batch& batch) {
  const Range range("step");
  // Only whole batches are recorded: the last of a client that trains alone may be of any other shape.
  const bool whole = batch.present.size(1) == workshop.width;
  Batch& here = whole ? batch_ : (short_ = Batch());
  for (const auto part : {&Batch::images, &Batch::features, &Batch::patches, &Batch::labels, &Batch::present,
                          &Batch::active, &Batch::places})
    put(here.*part, batch.*part);
  turn.active = here.active;
  const Experiment& experiment = workshop.experiment;
  if (!experiment.optimiser.constant_in_turn()) {
    std::vector<double> rates;
    for (const std::int64_t steps : step_counts_)
      rates.push_back(learning_rate_at(
          experiment.optimiser, {turn.round, experiment.training.rounds, turn.step, std::max<std::int64_t>(1, steps)}));
    for (auto& [owner, optimiser] : optimisers_) optimiser->take_rates(rates);
  }
  turn.alike = alike_ && turn.step == 0 && parameters_.clients() > 1;
  Recording& recording = recordings_[turn.alike];
  if (whole && !recording.graph && device_.is_cuda() && experiment.machine.graph && recording.trained &&
      workshop.learner.replayable() && workshop.strategy.replayable()) {
    auto graph = make_device_graph();
    graph->record([&] { train(workshop, turn, here); });
    recording.graph = std::move(graph);
  }
  if (whole && recording.graph)
    recording.graph->replay();
  else
    train(workshop, turn, here);
  recording.trained |= whole;
  turn.alike = false;
}

void Group::end_turn() {
  if (!device_.is_cpu()) return;  // there tensors stay where they are
  start_ = Tensor();
  received_.clear();
}

Tensor Group::differentiate(Workshop& workshop, Turn& turn, const Batch& batch) {
  parameters_.zero_gradient();
  const TrainingOptions& options = workshop.experiment.training;
  if (options.accumulate == 1) {
    const Tensor loss = workshop.learner.loss(parameters_, batch, turn);
    loss.sum().backward();
    return loss.detach();
  }
  const Tensor all = batch.present.sum(1).clamp_min(1);  // (K)
  Tensor sum = at::zeros_like(all);
  const std::int64_t width = batch.present.size(1), part = options.at_once();
  for (std::int64_t first = 0; first < width; first += part) {
    const Batch some = part_of(batch, first, std::min(part, width - first));
    const Tensor share = some.present.sum(1) / all;
    const Tensor loss = at::where(share > 0, share * workshop.learner.loss(parameters_, some, turn), 0);
    loss.sum().backward();
    sum += loss.detach();
  }
  return sum;
}

void Group::train(Workshop& workshop, Turn& turn, const Batch& batch) {
  const Layout& layout = workshop.learner.layout();
  const Tensor here = parameters_.weights(Owner::shared);
  const bool alike = turn.alike;
  bool first = true;  // a strategy may look at several points; the loss is that of the first
  const GradientAt at = [&](const Tensor& shared) {
    const bool elsewhere = !shared.is_same(here);
    const Tensor kept = elsewhere ? here.clone() : Tensor();
    if (elsewhere) here.copy_(shared);
    turn.alike = alike && !elsewhere;
    turn.again = !first;
    const Tensor loss = differentiate(workshop, turn, batch);  // (K)
    if (elsewhere) here.copy_(kept);
    turn.alike = alike;
    if (first) loss_sum_ += at::where(batch.active > 0, loss, 0);
    first = false;
    return parameters_.gradient(Owner::shared);
  };
  const Tensor direction = workshop.strategy.gradient(at, here, turn);
  std::vector<Tensor> gradients;  // (K, trained) of each owner
  for (auto& [owner, optimiser] : optimisers_)
    gradients.push_back(
        (owner == Owner::shared ? direction : parameters_.gradient(owner)).narrow(1, 0, layout.trained(owner)));
  const double clip_norm = workshop.experiment.optimiser.clip_norm;
  const Tensor factors = clip_norm > 0 ? clip_factors(gradients, clip_norm) : Tensor();
  for (std::size_t i = 0; i < optimisers_.size(); ++i) {
    const auto& [owner, optimiser] = optimisers_[i];
    optimiser->step(parameters_.flat(owner).narrow(1, 0, layout.trained(owner)), gradients[i], batch.active, factors);
  }
  turn.alike = turn.again = false;
  const at::NoGradGuard no_gradient;
  workshop.learner.after_step(parameters_, turn);
}

}  // namespace fedorbit
