// Small learners without labels, the golden values of tests/golden/make_self_supervised.py, and a step of one client.
#pragma once
#include "algorithms/group.hpp"

namespace fedorbit {

inline const NamedTensors& expected() {
  static const NamedTensors tensors = read_safetensors(golden / "self_supervised.safetensors").tensors;
  return tensors;
}

/// What the golden values of a case say under a heading: names without it.
inline NamedTensors under(const std::string& heading) {
  NamedTensors out;
  for (const auto& [key, values] : expected())
    if (key.starts_with(heading)) out[key.substr(heading.size())] = values;
  return out;
}

inline std::unique_ptr<Learner> made(const std::string& name, std::vector<std::string> options) {
  for (std::string& option : options) option = name + "." + option;
  return make_learner(name, with<LearnerOptions>(options), Material{.class_names = {"only"}});
}

/// One client of a learner, two views of the golden images of its size, and a step.
struct Held {
  explicit Held(std::unique_ptr<Learner> of)
      : learner(std::move(of)),
        parameters(learner->layout(), 1),
        memory(1, {}),
        diagnostics(learner->diagnostics(), 1) {
    for (const Owner owner : owners) learner->initialise(parameters, owner, clients, Keys(1));
    static const Tensor golden_images = read_safetensors(golden / "networks/expected.safetensors").tensors.at("images");
    const std::int64_t times = learner->needs().image_size / 32;
    const Tensor images = golden_images.repeat_interleave(times, 2).repeat_interleave(times, 3);
    batch.images = at::stack({images, 0.9 * images.flip({3}) + 0.1}).unsqueeze(0);
    batch.places = at::arange(10, 10 + images.size(0)).unsqueeze(0);
    batch.present = at::ones({1, images.size(0)});
    batch.active = turn.active = at::ones({1});
  }
  void take(const NamedTensors& values) {
    for (const auto& [name, tensor] : values) parameters[name].detach()[0].copy_(tensor);
  }
  double step() {
    parameters.zero_gradient();
    const Tensor loss = learner->loss(parameters, batch, turn).sum();
    loss.backward();
    const at::NoGradGuard no_gradient;
    learner->after_step(parameters, turn);
    return loss.item<double>();
  }
  Tensor value(const std::string& name) const { return parameters[name].detach()[0]; }
  Tensor gradient(const std::string& name) const {
    const Entry& entry = learner->layout().entry(name);
    return Layout::view(parameters.gradient(entry.owner)[0], entry);
  }

  std::unique_ptr<Learner> learner;
  std::vector<ClientId> clients{3};
  Parameters parameters;
  Memory memory;
  Diagnostics diagnostics;
  Turn turn{0, 0, clients, learner->layout(), {}, memory, diagnostics, Keys(1)};
  Batch batch;
};

inline const std::vector<std::string> residual{"architecture=resnet18", "width=4", "image_size=64"};

/// The weights of a network of the golden file.
inline std::string weights(const std::string& name) {
  return (golden / "networks" / (name == "vit" ? "vit_timm.safetensors" : name + ".pth")).string();
}

/// Its options.
inline std::vector<std::string> network(const std::string& name) {
  std::vector<std::string> options{
      "architecture=vit_tiny_patch16",
      "width=16",
      "depth=2",
      "image_size=32",
  };
  if (name != "vit") options = residual;
  if (name == "resnet18_group") options.push_back("norm=group");
  options.push_back("weights=" + weights(name));
  return options;
}

inline std::vector<std::string> joined(std::vector<std::string> a, const std::vector<std::string>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

inline const std::map<std::string, std::vector<std::string>> sizes{
    {"simsiam", {"projection=8", "prediction=4"}},
    {"byol", {"hidden=12", "projection=8", "momentum=0.9"}},
    {"moco", {"queue=9", "projection=8", "momentum=0.9"}},
    {"simmim", {"hidden=0.5"}},
    {"simsiamaligned", {"projection=8", "prediction=4", "alignment=0.5"}},
    {"simsiampublic", {"projection=8", "prediction=4", "alignment=0.5", "aligned_size=32"}},
    {"simmimaligned", {"hidden=0.5", "alignment=0.5"}},
    {"maepublic", {"hidden=0.5", "decoder_width=8", "decoder_depth=2", "alignment=0.5"}},
    {"mae", {"hidden=0.5", "decoder_width=8", "decoder_depth=2"}}};

}  // namespace fedorbit
