#include "federation/turn.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "algorithms/row_norm.hpp"
#include "core/clock.hpp"
#include "federation/arrive.hpp"
#include "federation/send.hpp"
#include "machine/range.hpp"

namespace fedorbit {
namespace {

std::vector<double> as_doubles(const Tensor& values) {
  const Tensor host = values.detach().to(at::kCPU, at::kDouble).contiguous();
  return {host.const_data_ptr<double>(), host.const_data_ptr<double>() + host.numel()};
}

}  // namespace

std::int64_t Workshop::row_length() const {
  std::int64_t length = learner.layout().size(Owner::personal) + residuals_length();
  for (const auto& [name, size] : memories) length += size;
  return length;
}

std::int64_t Workshop::residuals_length() const {
  return std::int64_t(residuals.size()) * learner.layout().weights(Owner::shared);
}

Group& Workshop::group(std::int64_t clients) {
  auto& group = groups[clients];
  if (!group) group = std::make_shared<Group>(*this, clients, batches.device());
  return *group;
}

std::int64_t Workshop::images(ClientId client) const {
  const auto known = std::ranges::lower_bound(sizes, client, {}, &std::pair<ClientId, std::int64_t>::first);
  if (known != sizes.end() && known->first == client) return known->second;
  return std::int64_t(partition.shard(client).train.size());
}

void Workshop::count_images(const std::vector<ClientId>& clients, Communicator& communicator) {
  if (std::ranges::equal(clients, sizes, {}, {}, &std::pair<ClientId, std::int64_t>::first)) return;
  Tensor counts = at::zeros({std::ssize(clients)}, at::kLong);
  auto* const count = counts.mutable_data_ptr<std::int64_t>();
  for (auto i = std::size_t(communicator.rank()); i < clients.size(); i += std::size_t(communicator.size()))
    count[i] = images(clients[i]);
  communicator.all_reduce(counts);
  sizes.clear();
  sizes.reserve(clients.size());
  for (std::size_t i = 0; i < clients.size(); ++i) sizes.emplace_back(clients[i], count[i]);
}

std::int64_t Workshop::weight(ClientId client) const {
  return experiment.method.weighting == "uniform" ? 1 : images(client);
}

std::optional<TurnOutcome> take_turn(Workshop& workshop, const Server& server, Downloads& downloads,
                                     const std::vector<ClientId>& clients, const ClientStore& kept,
                                     const volatile std::sig_atomic_t& signal, const OpenedTurn& opened,
                                     const std::function<void()>& before_last_step) {
  const Range range("turn");
  const Stopwatch watch;
  const auto K = std::int64_t(clients.size());

  TurnOutcome outcome;
  outcome.clients = clients;
  outcome.samples = opened.samples;
  outcome.steps = opened.steps;
  for (const ClientId client : clients) outcome.weights.push_back(workshop.weight(client));
  auto [group, turn] = arrive(workshop, server, downloads, clients, kept, outcome.steps);
  for (turn.step = 0; turn.step < opened.most_steps; ++turn.step) {
    if (signal != 0) return std::nullopt;
    const Batch batch = opened.batches->next();
    if (turn.step + 1 == opened.most_steps) before_last_step();
    group.step(workshop, turn, batch);
  }

  const at::NoGradGuard no_gradient;
  const Tensor update = group.update();
  outcome.statistics = group.statistics().to(at::kCPU);
  // What was trained and what is sent are judged too: a codec may make a number of what is none.
  std::vector<Tensor> norms{row_norms(update.to(at::kCPU))};
  outcome.drift = as_doubles(norms.front());
  turn.trained = group.parameters().weights(Owner::shared);
  outcome.upload = workshop.strategy.upload(update, turn);
  for (const auto& [name, extra] : outcome.upload.extras) norms.push_back(row_norms(extra.to(at::kCPU, at::kFloat)));
  const Tensor residuals = send(workshop, turn, kept, outcome);

  outcome.rows = at::cat(
      {group.parameters().flat(Owner::personal).to(at::kCPU), group.memory().flat().to(at::kCPU), residuals}, 1);
  outcome.diagnostics = group.diagnostics().means().to(at::kCPU);
  outcome.loss = as_doubles(group.loss_sum());
  for (std::size_t k = 0; k < outcome.loss.size(); ++k)
    outcome.loss[k] = outcome.steps[k] > 0 ? outcome.loss[k] / double(outcome.steps[k])
                                           : std::numeric_limits<double>::quiet_NaN();  // of no step, not a loss of 0
  norms.push_back(row_norms(outcome.upload.update));
  norms.push_back(row_norms(outcome.statistics));
  norms.push_back(row_norms(outcome.rows));
  for (const auto& [name, extra] : outcome.upload.extras) norms.push_back(row_norms(extra));
  for (std::int64_t k = 0; k < K; ++k)
    outcome.finite.push_back(std::ranges::all_of(
        norms, [k](const Tensor& norm) { return std::isfinite(norm.const_data_ptr<double>()[k]); }));
  group.end_turn();
  outcome.seconds = watch.seconds();
  return outcome;
}

}  // namespace fedorbit
