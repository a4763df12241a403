// What learners are made of: what is known of images, classes and weights before anything is trained.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "model/clip.hpp"
#include "model/prompts/engine.hpp"
#include "model/towers/frozen_matrix.hpp"

namespace fedorbit {

struct Material {
  std::vector<std::string> class_names;  // C
  std::int64_t width = 0;                // d, of images' features
  double logit_scale = 100;              // the weights' factor on cosines; CLIP's own where it is not known
  std::shared_ptr<const Clip> clip{};    // none where features were imported
  std::function<Tensor()> texts{};       // (C, d) unit, where clients train: what texts say of the classes, if any do
  EngineOptions engine{};
  ShareBytes share{};  // where what learners compute beforehand lies

  /// What `learner` needs, or an Error that says what is missing. Every rank asks together.
  const Clip& weights_for(const std::string& learner) const;
  Tensor texts_for(const std::string& learner) const;
};

/// Of weights and the classes that they are to tell apart; without texts.
Material material_of(Clip clip, std::vector<std::string> class_names, const EngineOptions& engine = {});

}  // namespace fedorbit
