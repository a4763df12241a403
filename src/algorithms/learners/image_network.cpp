#include "algorithms/learners/image_network.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>
#include <fnmatch.h>

#include <algorithm>

#include "core/error.hpp"
#include "core/words.hpp"
#include "model/networks/network_weights.hpp"
#include "model/towers/joint_weight.hpp"
#include "model/towers/precision.hpp"

namespace fedorbit {
namespace {

constexpr double momentum = 0.1;  // of running statistics, as everywhere

/// The weight of the norm that a statistic belongs to.
std::string norm_of(const std::string& statistic) { return statistic.substr(0, statistic.rfind('.')) + ".weight"; }

/// Which tensors are trained, of all that could be.
std::set<std::string> chosen(const std::string& option, const std::string& trained,
                             const std::vector<NetworkTensor>& tensors, const std::vector<NetworkTensor>& behind) {
  std::vector<std::string> patterns = listed(trained);
  if (trained == "all") patterns = {"*"};
  if (trained == "head") {
    patterns.clear();
    for (const NetworkTensor& tensor : behind) patterns.push_back(tensor.name);
  }
  std::set<std::string> out;
  for (const std::string& pattern : patterns) {
    bool matches = false;
    for (const NetworkTensor& tensor : tensors)
      if (!tensor.statistic && ::fnmatch(pattern.c_str(), tensor.name.c_str(), 0) == 0) {
        out.insert(tensor.name);
        matches = true;
      }
    require(matches, option, " = \"", trained, "\": no weight of the network has a name like ", pattern,
            "; they are called ", tensors.front().name, ", ", tensors[tensors.size() / 2].name, ", ...");
  }
  require(!out.empty(), option, " is empty: nothing would be trained; all, head, or names of tensors are right.");
  return out;
}

/// `of_images` over so many images at a time, for what depends on who is in a batch.
Tensor by_batches(const Tensor& images, std::int64_t size, const std::function<Tensor(const Tensor&)>& of_images) {
  const std::int64_t count = images.size(0), batches = (count + size - 1) / size;
  // Neighbours in the data set, which often are of one class, go to different batches.
  const Tensor chosen =
      (at::arange(batches * size, images.options().dtype(at::kLong)).view({size, batches}) % count).t();
  std::vector<Tensor> found;
  for (std::int64_t b = 0; b < batches; ++b) found.push_back(of_images(images.index_select(0, chosen[b])));
  return at::stack(found, 1).flatten(0, 1).narrow(0, 0, count);
}

}  // namespace

ImageNetwork::ImageNetwork(std::string section, const BackboneOptions& options, const Material& material)
    : section_(std::move(section)),
      options_(options),
      backbone_(make_backbone(options.architecture,
                              {section_, options.image_size, options.width, options.depth, options.norm == "group"},
                              material.clip.get())) {}

void ImageNetwork::begin(const Material& material, std::vector<NetworkTensor> behind, const std::string& trained,
                         std::int64_t classes) {
  tensors_ = backbone_->tensors();
  tensors_.insert(tensors_.end(), behind.begin(), behind.end());
  const auto option = [&](const char* name) { return section_ + "." + name; };
  NamedTensors weights;
  if (options_.architecture == "clip") {
    require(options_.weights == "auto", option("weights"), " = \"", options_.weights,
            "\": the clip's image tower begins with model.weights; leave it at auto.");
    for (const auto& [name, tensor] : with_joint_weights(material.clip->tensors))
      if (name.starts_with("vision.")) weights[name] = tensor.detach();
  } else if (options_.weights != "auto" && options_.weights != "random") {
    NetworkWeights read = read_network(
        options_.weights, *backbone_, classes,
        {section_, {{"architecture", options_.architecture}, {"norm", options_.norm}}, material.class_names});
    weights = std::move(read.tensors);
    assumption_ = std::move(read.note);
    weights_checksum_ = std::move(read.checksum);
  }
  const at::Device device = device_of(material);
  if (options_.precision == "bfloat16") require_bfloat16(option("precision").c_str(), device.is_cpu());

  const std::set<std::string> moving = chosen(option("trained"), trained, tensors_, behind);
  for (const NetworkTensor& tensor : tensors_) {
    const bool moves = moving.contains(tensor.statistic ? norm_of(tensor.name) : tensor.name);
    const auto known = weights.find(tensor.name);
    if (!moves) {
      require(known != weights.end(), option("trained"), " = \"", trained, "\" leaves ", tensor.name,
              " as the weights have it, and ", option("weights"), " = \"", options_.weights,
              "\" has nothing there; train all, or name weights.");
      frozen_[tensor.name] = computed(tensor, known->second.to(device));
      continue;
    }
    batch_norms_ = batch_norms_ || tensor.statistic;
    if (tensor.statistic && options_.statistics == "batch") continue;
    if (known != weights.end()) initial_[tensor.name] = known->second;
    Entry entry{.name = tensor.name, .shape = tensor.shape, .decayed = tensor.decayed, .convolved = tensor.convolved};
    if (tensor.statistic) {
      statistics_.insert(tensor.name);
      entry.trained = entry.decayed = false;
      entry.role = Role::statistic;
      if (options_.statistics == "personal") entry.owner = Owner::personal;
    }
    layout_.add(std::move(entry));
  }
}

at::Device ImageNetwork::device_of(const Material& material) {
  return material.clip ? material.clip->tensors.begin()->second.device() : at::Device(at::kCPU);
}

Tensor ImageNetwork::computed(const NetworkTensor& tensor, const Tensor& values) const {
  return tensor.float32 ? values : values.to(type());
}

void ImageNetwork::initialise(Parameters& parameters, Owner owner, std::span<const ClientId>, const Keys& keys) {
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

NamedTensors ImageNetwork::model_of(const Parameters& parameters, std::int64_t k, bool with_statistics) const {
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

NamedTensors ImageNetwork::copy_of(const Parameters& parameters, std::int64_t k, const std::string& prefix) const {
  NamedTensors model = frozen_;
  for (const NetworkTensor& tensor : tensors_)
    if (trains(tensor) && has(prefix + tensor.name))
      model[tensor.name] = computed(tensor, parameters[prefix + tensor.name].detach().select(0, k));
  return model;
}

std::vector<std::string> ImageNetwork::weights_of_backbone() const {
  std::vector<std::string> names;
  for (const NetworkTensor& tensor : backbone_->tensors())
    if (trains(tensor)) names.push_back(tensor.name);
  return names;
}

bool ImageNetwork::has(const std::string& name) const {
  return std::ranges::find(layout_.entries(), name, &Entry::name) != layout_.entries().end();
}

Tensor ImageNetwork::for_each_client(const Parameters& parameters, const Batch& batch, const Turn& turn,
                                     const OfClient& of_client) {
  if (!turn.again) seen_.assign(std::size_t(parameters.clients()), {});
  std::vector<Tensor> losses;
  for (std::int64_t k = 0; k < parameters.clients(); ++k) {
    const auto present = batch.present[k].sum().item<std::int64_t>();  // the first rows
    if (present == 0)
      losses.push_back(at::zeros({}, batch.present.options()).requires_grad_());  // of nothing
    else
      losses.push_back(of_client(k, batch.images[k].narrow(1, 0, present),
                                 batch.labels.defined() ? batch.labels[k].narrow(0, 0, present) : Tensor()));
  }
  return at::stack(losses);
}

Tensor ImageNetwork::features(const NamedTensors& model, const Tensor& images, NamedTensors* seen) const {
  return backbone_->features(model, images.to(type()), seen);
}

Tensor ImageNetwork::trained_features(const NamedTensors& model, const Tensor& images, std::int64_t k,
                                      const Turn& turn) {
  NamedTensors seen;
  Tensor out = features(model, images, &seen);
  if (!turn.again) seen_[std::size_t(k)].push_back(std::move(seen));
  return out;
}

void ImageNetwork::after_step(Parameters& parameters, const Turn& turn) {
  for (std::size_t k = 0; k < seen_.size(); ++k) {
    if (turn.active[std::int64_t(k)].item<float>() > 0)
      for (const NamedTensors& seen : seen_[k])
        for (const auto& [name, values] : seen)
          if (statistics_.contains(name)) parameters[name].detach()[std::int64_t(k)].lerp_(values, momentum);
    seen_[k].clear();
  }
}

std::function<Tensor(const Batch&)> ImageNetwork::judging(const Parameters& parameters, Scope scope,
                                                          Judged judged) const {
  const bool running = options_.statistics == "shared" || (options_.statistics == "personal" && scope != Scope::global);
  std::vector<NamedTensors> models;
  for (std::int64_t k = 0; k < parameters.clients(); ++k) models.push_back(model_of(parameters, k, running));
  const std::int64_t at_once = batch_norms_ && !running ? options_.statistics_batch : 0;
  return [models, at_once, judged = std::move(judged)](const Batch& batch) {
    std::vector<Tensor> rows;
    for (std::size_t k = 0; k < models.size(); ++k) {
      const Tensor images = batch.images[std::int64_t(k)][0];
      const std::int64_t all = images.size(0), present = batch.present[std::int64_t(k)].sum().item<std::int64_t>();
      const Tensor seen = images.narrow(0, 0, std::max<std::int64_t>(present, 1));
      const auto of_model = [&](const Tensor& some) { return judged(models[k], some); };
      const Tensor found = at_once > 0 ? by_batches(seen, at_once, of_model) : of_model(seen);
      rows.push_back(at::constant_pad_nd(found, {0, 0, 0, all - found.size(0)}));
    }
    return at::stack(rows);
  };
}

std::function<Tensor(const Batch&)> ImageNetwork::frozen_at(const Parameters& parameters, Scope scope,
                                                            Judged judged) const {
  const at::NoGradGuard no_gradient;
  return [of_batch = judging(parameters, scope, std::move(judged))](const Batch& batch) {
    const at::NoGradGuard without_gradient;
    return of_batch(batch);
  };
}

Encoding ImageNetwork::encoding(const Parameters& parameters, Scope scope) {
  return frozen_at(parameters, scope, [this](const NamedTensors& model, const Tensor& images) {
    return features(model, images).to(at::kFloat);
  });
}

Tensor ImageNetwork::encode(const Parameters& parameters, const Batch& batch) {
  return judging(parameters, Scope::global, [this](const NamedTensors& model, const Tensor& images) {
    return features(model, images).to(at::kFloat);
  })(batch);
}

Needs ImageNetwork::images_in(std::int64_t views) const {
  return {.features = false, .labels = false, .views = views, .image_size = backbone_->image_size()};
}

double ImageNetwork::step_bytes(std::int64_t batch_size) const {
  const double image = 3.0 * double(backbone_->image_size() * backbone_->image_size());
  return double(batch_size) *
         (image * sizeof(float) + backbone_->kept_per_image() * (type() == at::kBFloat16 ? 2.0 : 4.0));
}

}  // namespace fedorbit
