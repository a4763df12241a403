// What the tests of the algorithms share: CLIPs, and a group of clients whose data and parameters are a client's own.
#pragma once
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "algorithms/losses/cosine.hpp"
#include "algorithms/registry.hpp"
#include "io/safetensors.hpp"
#include "model/checkpoints/clip_tensors.hpp"
#include "support/checks.hpp"
#include "support/source_folder.hpp"

namespace fedorbit {

inline const std::filesystem::path golden = source_folder() / "tests/golden";

inline Clip golden_clip() { return load_clip(golden / "clip_open_clip/open_clip_model.safetensors"); }

/// Random towers whose sizes are multiples of a processor's vectors, as those of every published CLIP are.
inline Clip random_clip(std::int64_t text_heads = 2) {
  Clip clip = golden_clip();
  const std::int64_t vocabulary = clip.config.text.vocabulary_size;
  clip.config = {
      32, {{32, 1, 2, 64}, 8, 4}, {{16 * text_heads, 2, text_heads, 128}, 24, vocabulary}, Activation::quick_gelu};
  clip.tensors = initialise_clip(clip.config, Keys(5).stream(Purpose::test));
  return clip;
}

/// Options with some of them set: "section.name=value".
template <class Options>
Options with(const std::vector<std::string>& assignments) {
  Options options;
  for (const std::string& assignment : assignments) OptionList::of(options).set(assignment);
  return options;
}

inline Tensor normal(at::IntArrayRef shape, std::uint64_t a, std::uint64_t b) {
  Tensor out = at::empty(shape, at::kFloat);
  Stream stream = Keys(9).stream(Purpose::test, a, b);
  stream.fill_normal(std::span(out.mutable_data_ptr<float>(), std::size_t(out.numel())), 1);
  return out;
}

inline const std::vector<std::string> class_names{"runway", "river", "air", "air runway", "river bm"};

/// What all learners can be made of, on the device of the towers; texts are of no tower.
inline Material whole_material(const Clip& clip, const EngineOptions& engine = {}) {
  Material material = material_of(clip, class_names, engine);
  material.texts = [width = material.width, device = clip.tensors.begin()->second.device()] {
    return unit(normal({std::int64_t(class_names.size()), width}, 20, 0)).to(device);
  };
  return material;
}

/// Options of the learner of that name, small, one list for each reading of its paper.
std::vector<std::vector<std::string>> variants_of(const std::string& name);
/// The learner with each of them.
std::vector<std::unique_ptr<Learner>> variants(const std::string& name, const Clip& clip,
                                               const EngineOptions& engine = {});

/// K clients of a learner. The data and parameters of client c come from c alone; `altered` gives that one client
/// other data. The learner's towers are on `device`; `width` is that of features.
struct ClientGroup {
  ClientGroup(Learner& learner, std::vector<ClientId> clients, std::int64_t batch_size = 32, ClientId altered = -1,
              at::Device device = at::kCPU, std::int64_t width = 32)
      : learner(learner),
        clients(clients),
        parameters(learner.layout(), std::int64_t(clients.size()), device),
        memory(std::int64_t(clients.size()), {}, device),
        diagnostics(learner.diagnostics(), std::int64_t(clients.size()), device),
        turn{0, 0, this->clients, learner.layout(), {}, memory, diagnostics, Keys(1)} {
    constexpr std::int64_t patches = 8;
    const std::int64_t views = learner.needs().views, side = learner.needs().image_size;
    std::vector<Tensor> images, features, patch_rows, labels, present;
    for (std::size_t k = 0; k < clients.size(); ++k) {
      const auto c = std::uint64_t(clients[k]), data = clients[k] == altered ? c + 1000 : c;
      for (const Owner owner : owners)
        parameters.flat(owner)[std::int64_t(k)].copy_(
            0.3 * normal({learner.layout().size(owner)}, 1 + std::uint64_t(owner), c));
      images.push_back(normal({views, batch_size, 3, side, side}, 13, data));
      features.push_back(normal({batch_size, width}, 10, data));
      patch_rows.push_back(normal({batch_size, patches, width}, 11, data));
      labels.push_back(
          normal({batch_size}, 12, data).abs().mul(2).to(at::kLong).clamp_max(std::int64_t(class_names.size()) - 1));
      present.push_back((at::arange(batch_size) < batch_size - 5 * std::int64_t(c % 3)).to(at::kFloat));
    }
    const Tensor active = at::ones({std::int64_t(clients.size())});
    for (const Entry& entry : learner.layout().entries())  // variances are positive
      if (entry.role == Role::statistic) parameters[entry.name].detach().abs_();
    const Tensor places = at::arange(batch_size).expand({std::int64_t(clients.size()), batch_size});
    batch = {at::stack(images),
             at::stack(features),
             at::stack(patch_rows),
             at::stack(labels),
             at::stack(present),
             active,
             places};
    for (const auto part : {&Batch::images, &Batch::features, &Batch::patches, &Batch::labels, &Batch::present,
                            &Batch::active, &Batch::places})
      batch.*part = (batch.*part).to(device);
    turn.active = batch.active;
    turn.start = parameters.flat(Owner::shared).clone();
  }

  /// (K), after putting its gradient where optimisers look for it.
  Tensor loss() {
    parameters.zero_gradient();
    const Tensor loss = learner.loss(parameters, batch, turn);
    loss.sum().backward();
    return loss.detach();
  }

  Learner& learner;
  std::vector<ClientId> clients;
  Parameters parameters;
  Memory memory;
  Diagnostics diagnostics;
  Turn turn;
  Batch batch;
};

}  // namespace fedorbit
