#include "algorithms/material.hpp"

#include "core/error.hpp"

namespace fedorbit {

const Clip& Material::weights_for(const std::string& learner) const {
  require(clip != nullptr, "the learner ", learner,
          " learns through a text tower, but features were imported without weights; give images and weights, or a "
          "method.learner that learns on features.");
  return *clip;
}

Tensor Material::texts_for(const std::string& learner) const {
  require(texts != nullptr, "the learner ", learner,
          " compares images with text features of the classes, of which there are none.");
  return texts();
}

Material material_of(Clip clip, std::vector<std::string> class_names, const EngineOptions& engine) {
  Material material{.class_names = std::move(class_names), .engine = engine};
  material.width = clip.config.embed_dim;
  material.logit_scale = clip.logit_scale();
  material.clip = std::make_shared<const Clip>(std::move(clip));
  return material;
}

}  // namespace fedorbit
