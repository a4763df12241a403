#include "algorithms/learners/network.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>
#include <fnmatch.h>

#include <algorithm>
#include <cmath>

#include "algorithms/losses/cosine.hpp"
#include "core/error.hpp"
#include "core/words.hpp"
#include "model/networks/network_weights.hpp"
#include "model/towers/joint_weight.hpp"
#include "model/towers/precision.hpp"
#include "model/towers/tower.hpp"

namespace fedorbit {
namespace {

constexpr double momentum = 0.1;  // of running statistics, as everywhere

/// The weight of the norm that a statistic belongs to.
std::string norm_of(const std::string& statistic) { return statistic.substr(0, statistic.rfind('.')) + ".weight"; }

/// Which tensors are trained, of all that could be.
std::set<std::string> chosen(const std::string& trained, const std::vector<NetworkTensor>& tensors,
                             const std::string& head) {
  std::vector<std::string> patterns = listed(trained);
  if (trained == "all") patterns = {"*"};
  if (trained == "head") patterns = {head + ".*"};
  std::set<std::string> out;
  for (const std::string& pattern : patterns) {
    bool matches = false;
    for (const NetworkTensor& tensor : tensors)
      if (!tensor.statistic && ::fnmatch(pattern.c_str(), tensor.name.c_str(), 0) == 0) {
        out.insert(tensor.name);
        matches = true;
      }
    require(matches, "network.trained = \"", trained, "\": no weight of the network has a name like ", pattern,
            "; they are called ", tensors.front().name, ", ", tensors[tensors.size() / 2].name, ", ...");
  }
  require(!out.empty(),
          "network.trained is empty: nothing would be trained; all, head, or names of tensors are right.");
  return out;
}

ArchitectureSizes sizes_of(const NetworkOptions& options) {
  return {options.image_size, options.width, options.depth, options.norm == "group"};
}

}  // namespace

NetworkLearner::NetworkLearner(const NetworkOptions& options, const Material& material)
    : options_(options), backbone_(make_backbone(options.architecture, sizes_of(options), material.clip.get())) {
  const auto classes = std::int64_t(material.class_names.size());
  const std::string head = backbone_->head();
  tensors_ = backbone_->tensors();
  const bool is_clip = options.architecture == "clip";
  if (options.head == "text") {
    require(is_clip, "network.head = \"text\": text features lie in the space of the clip's image tower, ",
            "not in that of ", options.architecture, "; take network.architecture = \"clip\", or the head linear.");
    texts_ = material.texts_for("network");
    logit_scale_ = material.logit_scale;
  } else {
    const double spread = std::min(0.02, 1 / std::sqrt(double(backbone_->width())));
    tensors_.push_back({.name = head + ".weight", .shape = {classes, backbone_->width()}, .spread = spread});
    tensors_.push_back({.name = head + ".bias", .shape = {classes}, .decayed = false});
  }

  NamedTensors weights;
  if (is_clip) {
    require(options.weights == "auto", "network.weights = \"", options.weights,
            "\": the clip's image tower begins with model.weights; leave it at auto.");
    for (const auto& [name, tensor] : with_joint_weights(material.clip->tensors))
      if (name.starts_with("vision.")) weights[name] = tensor.detach();
  } else if (options.weights != "auto" && options.weights != "random") {
    NetworkWeights read = read_network(options.weights, *backbone_, classes);
    weights = std::move(read.tensors);
    assumption_ = std::move(read.note);
    weights_checksum_ = std::move(read.checksum);
  }
  const bool on_cpu = !material.clip || material.clip->tensors.begin()->second.is_cpu();
  if (options.precision == "bfloat16") require_bfloat16("network.precision", on_cpu);
  const at::Device device = on_cpu ? at::Device(at::kCPU) : material.clip->tensors.begin()->second.device();

  const std::set<std::string> trained = chosen(options.trained, tensors_, head);
  for (const NetworkTensor& tensor : tensors_) {
    const bool moves = trained.contains(tensor.statistic ? norm_of(tensor.name) : tensor.name);
    const auto known = weights.find(tensor.name);
    if (!moves) {
      require(known != weights.end(), "network.trained = \"", options.trained, "\" leaves ", tensor.name,
              " as the weights have it, and network.weights = \"", options.weights,
              "\" has nothing there; train all, or name weights.");
      frozen_[tensor.name] = computed(tensor, known->second.to(device));
      continue;
    }
    batch_norms_ = batch_norms_ || tensor.statistic;
    if (tensor.statistic && options.statistics == "batch") continue;
    if (known != weights.end()) initial_[tensor.name] = known->second;
    Entry entry{.name = tensor.name, .shape = tensor.shape, .decayed = tensor.decayed, .convolved = tensor.convolved};
    if (tensor.statistic) {
      statistics_.insert(tensor.name);
      entry.trained = entry.decayed = false;
      entry.role = Role::statistic;
      if (options.statistics == "personal") entry.owner = Owner::personal;
    }
    layout_.add(std::move(entry));
  }
}

Tensor NetworkLearner::computed(const NetworkTensor& tensor, const Tensor& values) const {
  return options_.precision == "bfloat16" && !tensor.float32 ? values.to(at::kBFloat16) : values;
}

void NetworkLearner::initialise(Parameters& parameters, Owner owner, std::span<const ClientId>, const Keys& keys) {
  const at::NoGradGuard no_gradient;
  for (std::size_t i = 0; i < tensors_.size(); ++i) {
    const NetworkTensor& tensor = tensors_[i];
    const auto entry = std::ranges::find(layout_.entries(), tensor.name, &Entry::name);
    if (entry == layout_.entries().end() || entry->owner != owner) continue;
    const Tensor place = Layout::view(parameters.flat(owner), *entry);  // (K, shape...)
    if (const auto known = initial_.find(tensor.name); known != initial_.end()) {
      place.copy_(known->second.unsqueeze(0));
    } else if (tensor.spread == 0) {
      place.fill_(tensor.value);
    } else {
      Tensor drawn = at::empty(tensor.shape, at::kFloat);
      // A stream for each tensor: what others are trained or personal changes nothing.
      Stream stream = keys.stream(Purpose::initialise, i);
      stream.fill_normal({drawn.mutable_data_ptr<float>(), std::size_t(drawn.numel())}, tensor.spread);
      place.copy_(drawn.unsqueeze(0));
    }
  }
}

NamedTensors NetworkLearner::model_of(const Parameters& parameters, std::int64_t k, bool with_statistics) const {
  NamedTensors model = frozen_;
  for (const NetworkTensor& tensor : tensors_) {
    if (frozen_.contains(tensor.name) || (tensor.statistic && !(with_statistics && statistics_.contains(tensor.name))))
      continue;
    const Tensor& leaf = parameters[tensor.name];
    // A client on its own is only looked at otherwise; the gradient of one among others is put in its place first.
    model[tensor.name] = computed(tensor, parameters.clients() == 1 ? leaf.squeeze(0) : leaf.select(0, k));
  }
  return model;
}

Tensor NetworkLearner::logits(const NamedTensors& model, const Tensor& images, NamedTensors* seen) const {
  const auto type = options_.precision == "bfloat16" ? at::kBFloat16 : at::kFloat;
  const Tensor features = backbone_->features(model, images.to(type), seen);
  if (texts_.defined())
    return logit_scale_ * at::linear(unit(features.to(at::kFloat)), texts_.to(features.device(), at::kFloat));
  return linear(model, backbone_->head(), features.to(type)).to(at::kFloat);
}

Tensor NetworkLearner::loss(const Parameters& parameters, const Batch& batch, Turn& turn) {
  if (!turn.again) seen_.assign(std::size_t(parameters.clients()), {});
  std::vector<Tensor> losses;
  for (std::int64_t k = 0; k < parameters.clients(); ++k) {
    const auto present = batch.present[k].sum().item<std::int64_t>();  // the first rows
    if (present == 0) {
      losses.push_back(at::zeros({}, batch.present.options()).requires_grad_());  // of nothing
      continue;
    }
    NamedTensors seen;
    const Tensor images = batch.images[k][0].narrow(0, 0, present), labels = batch.labels[k].narrow(0, 0, present);
    losses.push_back(at::cross_entropy_loss(logits(model_of(parameters, k, true), images, &seen), labels, {},
                                            at::Reduction::Mean, -100, options_.label_smoothing));
    if (!turn.again) seen_[std::size_t(k)] = std::move(seen);
  }
  return at::stack(losses);
}

void NetworkLearner::after_step(Parameters& parameters, const Turn& turn) {
  for (std::size_t k = 0; k < seen_.size(); ++k) {
    if (turn.active[std::int64_t(k)].item<float>() > 0)
      for (const auto& [name, values] : seen_[k])
        if (statistics_.contains(name)) parameters[name].detach()[std::int64_t(k)].lerp_(values, momentum);
    seen_[k].clear();
  }
}

Tensor NetworkLearner::logits_by_batches(const NamedTensors& model, const Tensor& images) const {
  const std::int64_t count = images.size(0), size = options_.statistics_batch, batches = (count + size - 1) / size;
  // Neighbours in the data set, which often are of one class, go to different batches.
  const Tensor chosen =
      (at::arange(batches * size, images.options().dtype(at::kLong)).view({size, batches}) % count).t();
  std::vector<Tensor> found;
  for (std::int64_t b = 0; b < batches; ++b) found.push_back(logits(model, images.index_select(0, chosen[b])));
  return at::stack(found, 1).flatten(0, 1).narrow(0, 0, count);
}

Scorer NetworkLearner::scorer(const Parameters& parameters, Scope scope) {
  const bool running = options_.statistics == "shared" || (options_.statistics == "personal" && scope != Scope::global);
  const at::NoGradGuard no_gradient;
  std::vector<NamedTensors> models;
  for (std::int64_t k = 0; k < parameters.clients(); ++k) models.push_back(model_of(parameters, k, running));
  const bool by_batches = batch_norms_ && !running;
  return [this, models, by_batches](const Batch& batch) {
    const at::NoGradGuard without_gradient;
    std::vector<Tensor> rows;
    for (std::size_t k = 0; k < models.size(); ++k) {
      const Tensor images = batch.images[std::int64_t(k)][0];
      const std::int64_t all = images.size(0), present = batch.present[std::int64_t(k)].sum().item<std::int64_t>();
      const Tensor seen = images.narrow(0, 0, std::max<std::int64_t>(present, 1));
      const Tensor found = by_batches ? logits_by_batches(models[k], seen) : logits(models[k], seen);
      rows.push_back(at::constant_pad_nd(found, {0, 0, 0, all - found.size(0)}));
    }
    return at::stack(rows);
  };
}

Needs NetworkLearner::needs() const {
  return {.features = false, .labels = true, .views = 1, .image_size = backbone_->image_size()};
}

double NetworkLearner::step_bytes(std::int64_t batch_size) const {
  const double image = 3.0 * double(backbone_->image_size() * backbone_->image_size());
  return double(batch_size) *
         (image * sizeof(float) + backbone_->kept_per_image() * (options_.precision == "bfloat16" ? 2.0 : 4.0));
}

}  // namespace fedorbit
