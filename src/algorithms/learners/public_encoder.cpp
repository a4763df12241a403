#include "algorithms/learners/public_encoder.hpp"

#include <ATen/ops/_upsample_bilinear2d_aa.h>
#include <c10/core/GradMode.h>

#include "core/error.hpp"
#include "model/networks/architectures.hpp"
#include "model/networks/network_weights.hpp"
#include "model/towers/joint_weight.hpp"

namespace fedorbit {
namespace {

constexpr const char *clip = "clip", *own = "auto";

}  // namespace

void PublicEncoderOptions::fields(OptionList& v) {
  std::vector<std::string> architectures{own};
  for (const std::string& name : architecture_names())
    if (name != clip) architectures.push_back(name);
  v("aligned_to", source,
    "whose features those are: received: the encoder's as clients received it; clip: those of the image tower of "
    "model.weights, which stays as it is; or those of a file of tensors with torchvision's or timm's names, likewise");
  v("aligned_architecture", architecture, "of that file; auto: as the learner's own", architectures);
  v("aligned_size", size, "pixels",
    "sides of the images that the clip's tower or the file's network sees; 0: as the clip has it, or as the learner's "
    "own",
    0, 4096);
}

PublicEncoder::PublicEncoder(const PublicEncoderOptions& options, const Beside& beside, const Material& material)
    : type_(beside.type) {
  const auto option = [&](const char* name) { return text(beside.section, ".", name); };
  const bool tower = options.source == clip, as_own = options.architecture == own;
  require(!tower || as_own, option("aligned_architecture"), " = \"", options.architecture, "\" is of a file, and ",
          option("aligned_to"), " = \"clip\" names none; leave it at auto.");
  require(tower || !as_own || beside.architecture != clip, option("aligned_to"), " = \"", options.source,
          "\": say of which architecture it is (", option("aligned_architecture"), " = \"resnet18\", ...); ",
          option("architecture"), " = \"clip\" has no files of its own.");
  ArchitectureSizes sizes{.section = beside.section, .image_size = options.size};
  if (!tower) {
    if (sizes.image_size == 0) sizes.image_size = beside.image_size;
    if (as_own) sizes.width = beside.width, sizes.depth = beside.depth, sizes.group_norms = beside.norm == "group";
  }
  const std::string architecture = tower ? clip : as_own ? beside.architecture : options.architecture;
  network_ = make_backbone(architecture, sizes, material.clip.get());
  NamedTensors read;
  if (tower) {
    read = with_joint_weights(material.clip->tensors);
  } else {
    BackboneWords words{beside.section, {}};
    if (as_own) words.options = {{"architecture", beside.architecture}, {"norm", beside.norm}};
    NetworkWeights weights = read_network(options.source, *network_, 0, words);
    read = std::move(weights.tensors);
    checksum_ = std::move(weights.checksum);
  }
  for (const NetworkTensor& tensor : network_->tensors()) {
    const Tensor values = read.at(tensor.name).detach().to(beside.device);
    tensors_[tensor.name] = tensor.float32 ? values : values.to(type_);
  }
}

Tensor PublicEncoder::operator()(const Tensor& images) const {
  const at::NoGradGuard no_gradient;
  const std::int64_t size = network_->image_size();
  const bool fits = images.size(2) == size && images.size(3) == size;
  const Tensor seen = fits ? images : at::_upsample_bilinear2d_aa(images, {size, size}, /*align_corners=*/false);
  return network_->features(tensors_, seen.to(type_));
}

}  // namespace fedorbit
