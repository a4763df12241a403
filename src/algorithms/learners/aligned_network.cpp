#include "algorithms/learners/aligned_network.hpp"

#include <ATen/TensorOperators.h>
#include <c10/core/GradMode.h>

#include "algorithms/losses/cosine.hpp"
#include "core/error.hpp"

namespace fedorbit {

AlignedNetwork::AlignedNetwork(std::string section, const AlignedOptions& options, const Material& material)
    : ImageNetwork(section, options, material), section_(std::move(section)), options_(options) {
  const PublicEncoderOptions& to = options_.aligned;
  require(aligns() || !to.named(), section_, ".aligned_to = \"", to.source, "\" has no weight: give ", section_,
          ".alignment one above 0, or leave aligned_to out.");
  require(to.named() || (to.architecture == "auto" && to.size == 0), section_, ".aligned_architecture and ", section_,
          ".aligned_size are of a public encoder: name it with ", section_, ".aligned_to, or leave them out.");
}

void AlignedNetwork::begin(const Material& material, std::vector<NetworkTensor> behind) {
  if (aligns()) {
    if (options_.aligned.named())
      public_.emplace(options_.aligned,
                      PublicEncoder::Beside{section_, options_.architecture, options_.norm, options_.width,
                                            options_.depth, backbone().image_size(), type(), device_of(material)},
                      material);
    aligner_ = {"aligner", {width(), width(), public_ ? public_->width() : width()}, HeadNorm::none};
    const std::vector<NetworkTensor> layers = aligner_.tensors();
    behind.insert(behind.end(), layers.begin(), layers.end());
  }
  ImageNetwork::begin(material, std::move(behind), "all", 0);
  if (aligns() && !public_) add(received_.emplace("received.", Owner::turn, weights_of_backbone()));
}

void AlignedNetwork::initialise(Parameters& parameters, Owner owner, std::span<const ClientId> clients,
                                const Keys& keys) {
  ImageNetwork::initialise(parameters, owner, clients, keys);
  if (received_) received_->initialise(parameters, owner);
}

std::string AlignedNetwork::weights_checksum() const {
  const std::string of_backbone = ImageNetwork::weights_checksum(), of_public = public_ ? public_->checksum() : "";
  return of_backbone + (of_backbone.empty() || of_public.empty() ? "" : ", ") + of_public;
}

Tensor AlignedNetwork::pull(const NamedTensors& model, const Parameters& parameters, std::int64_t k,
                            const Represented& views) const {
  const NamedTensors received = received_ ? copy_of(parameters, k, received_->prefix()) : NamedTensors();
  const auto wanted = [&](const Tensor& images) {
    const at::NoGradGuard no_gradient;
    return public_ ? (*public_)(images) : features(received, images);
  };
  Tensor sum;
  for (const auto& [images, found] : views) {
    const Tensor cosine = mean_cosine(aligner_(model, found), wanted(images));
    sum = sum.defined() ? sum + cosine : cosine;
  }
  return options_.alignment * (1 - sum / double(views.size()));
}

}  // namespace fedorbit
