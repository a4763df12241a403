#include "algorithms/learners/moco.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/matmul.h>
#include <c10/core/GradMode.h>

#include <algorithm>

#include "algorithms/losses/cosine.hpp"
#include "core/error.hpp"

namespace fedorbit {
namespace {

const std::string queue_name = "queue";

}  // namespace

MocoLearner::MocoLearner(const MocoOptions& options, const Material& material)
    : MomentumPairs("moco", options, material),
      options_(options),
      projector_{"projector", {width(), width(), options.projection}, HeadNorm::none} {
  begin(material, projector_);
  add({.name = queue_name,
       .shape = {options.queue, options.projection},
       .owner = owner(),
       .trained = false,
       .decayed = false});
}

std::string MocoLearner::refusal(std::int64_t images) const {
  if (images >= options_.queue) return {};
  return text("moco.queue = ", options_.queue,
              " keys are more than that: an image would be told apart from itself; take ", "a queue of ", images,
              " or fewer");
}

void MocoLearner::initialise(Parameters& parameters, Owner of, std::span<const ClientId> clients, const Keys& keys) {
  MomentumPairs::initialise(parameters, of, clients, keys);
  if (of != owner()) return;
  const at::NoGradGuard no_gradient;
  for (std::size_t k = 0; k < clients.size(); ++k) {
    Tensor drawn = at::empty({options_.queue, options_.projection}, at::kFloat);
    Stream stream =
        keys.within(1, std::uint64_t(clients[k])).stream(Purpose::initialise, std::uint64_t(tensors().size()));
    stream.fill_normal({drawn.mutable_data_ptr<float>(), std::size_t(drawn.numel())}, 1);
    parameters[queue_name].detach()[std::int64_t(k)].copy_(unit(drawn));
  }
}

Tensor MocoLearner::of_pair(const Pair& pair) {
  const Tensor z = projector_(pair.model, represented(pair, pair.one));
  observe_spread(pair.k, z);
  const Tensor query = unit(z.to(at::kFloat)), key = unit(of_momentum_encoder(pair, pair.other).to(at::kFloat));
  const Tensor queue = pair.parameters[queue_name].detach()[pair.k];
  if (!pair.turn.again) {
    keys_.resize(std::size_t(pair.parameters.clients()));
    keys_[std::size_t(pair.k)] = key;
  }
  const Tensor own = (query * key).sum(1, true), others = at::matmul(query, queue.t());  // (B, 1), (B, Q)
  return -at::log_softmax(at::cat({own, others}, 1) / options_.temperature, 1).select(1, 0).mean();
}

void MocoLearner::after_step(Parameters& parameters, const Turn& turn) {
  MomentumPairs::after_step(parameters, turn);
  for (std::size_t k = 0; k < keys_.size(); ++k) {
    if (keys_[k].defined() && turn.active[std::int64_t(k)].item<float>() > 0) {
      const Tensor queue = parameters[queue_name].detach()[std::int64_t(k)];
      const std::int64_t count = std::min(keys_[k].size(0), queue.size(0));
      queue.copy_(at::cat({keys_[k].narrow(0, 0, count), queue.narrow(0, 0, queue.size(0) - count)}));
    }
    keys_[k] = Tensor();
  }
}

}  // namespace fedorbit
