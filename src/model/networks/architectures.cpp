#include "model/networks/architectures.hpp"

#include <algorithm>
#include <array>

#include "core/error.hpp"
#include "core/options.hpp"
#include "model/networks/clip_tower.hpp"
#include "model/networks/residual_network.hpp"
#include "model/networks/vision_transformer.hpp"

namespace fedorbit {
namespace {

struct Transformer {
  const char* name;
  std::int64_t width, patch;
};
constexpr std::array<Transformer, 6> transformers{{{"vit_tiny_patch16", 192, 16},
                                                   {"vit_tiny_patch32", 192, 32},
                                                   {"vit_small_patch16", 384, 16},
                                                   {"vit_small_patch32", 384, 32},
                                                   {"vit_base_patch16", 768, 16},
                                                   {"vit_base_patch32", 768, 32}}};

struct Residual {
  const char* name;
  std::array<std::int64_t, 4> blocks;
  bool bottleneck;
};
constexpr std::array<Residual, 2> residuals{{{"resnet18", {2, 2, 2, 2}, false}, {"resnet50", {3, 4, 6, 3}, true}}};

constexpr const char* tower = "clip";

std::unique_ptr<Backbone> make_transformer(const Transformer& published, const ArchitectureSizes& sizes) {
  require(!sizes.group_norms, sizes.section, ".norm = \"group\": ", published.name,
          " has layer norms alone; leave it at batch.");
  require(sizes.image_size % published.patch == 0, sizes.section, ".image_size = ", sizes.image_size, ": ",
          published.name, " cuts images into patches of ", published.patch, " pixels; take a multiple of that.");
  VisionConfig config;
  config.width = sizes.width > 0 ? sizes.width : published.width;
  config.layers = sizes.depth > 0 ? sizes.depth : 12;
  config.heads = std::max<std::int64_t>(1, config.width / 64);
  config.mlp_width = 4 * config.width;
  config.image_size = sizes.image_size;
  config.patch_size = published.patch;
  require(config.width % config.heads == 0, sizes.section, ".width = ", config.width, " cannot be divided into ",
          config.heads, " heads of about 64 channels; take a multiple of 64, or less than 128.");
  return std::make_unique<VisionTransformer>(config);
}

std::unique_ptr<Backbone> make_residual(const Residual& published, const ArchitectureSizes& sizes) {
  require(sizes.depth == 0, sizes.section, ".depth is the number of layers of a vision transformer; ", published.name,
          " has its own.");
  require(sizes.width % 4 == 0, sizes.section, ".width = ", sizes.width, ": a residual network's is a multiple of 4.");
  ResidualConfig config;
  config.image_size = sizes.image_size;
  config.width = sizes.width > 0 ? sizes.width : 64;
  config.blocks = published.blocks;
  config.bottleneck = published.bottleneck;
  if (sizes.group_norms) config.groups = std::min<std::int64_t>(32, config.width / 2);
  return std::make_unique<ResidualNetwork>(config);
}

std::unique_ptr<Backbone> make_tower(const ArchitectureSizes& sizes, const Clip* clip) {
  require(clip, sizes.section,
          ".architecture = \"clip\" is the image tower of model.weights, of which there are none.");
  require(sizes.width == 0 && sizes.depth == 0 && !sizes.group_norms, sizes.section,
          ".width, depth and norm do not go with the architecture clip: the weights have theirs.");
  require(sizes.image_size == 0 || sizes.image_size == clip->config.vision.image_size, sizes.section,
          ".image_size = ", sizes.image_size, ", but the image tower of model.weights sees ",
          clip->config.vision.image_size, " pixels; leave it at 0.");
  return std::make_unique<ClipTower>(clip->config);
}

}  // namespace

std::vector<std::string> architecture_names() {
  std::vector<std::string> names;
  for (const Transformer& known : transformers) names.push_back(known.name);
  for (const Residual& known : residuals) names.push_back(known.name);
  names.push_back(tower);
  return names;
}

std::unique_ptr<Backbone> make_backbone(const std::string& architecture, const ArchitectureSizes& sizes,
                                        const Clip* clip) {
  if (architecture == tower) return make_tower(sizes, clip);
  ArchitectureSizes settled = sizes;
  if (settled.image_size == 0) settled.image_size = 224;
  for (const Transformer& known : transformers)
    if (known.name == architecture) return make_transformer(known, settled);
  for (const Residual& known : residuals)
    if (known.name == architecture) return make_residual(known, settled);
  fail(sizes.section, ".architecture = \"", architecture, "\" is none that is known; the nearest is ",
       nearest(architecture, architecture_names()), ".");
}

}  // namespace fedorbit
