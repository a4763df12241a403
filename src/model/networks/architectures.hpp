// The networks that can be trained whole, by their names.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "model/clip.hpp"
#include "model/networks/backbone.hpp"

namespace fedorbit {

/// vit_tiny_patch16, ..., resnet18, resnet50, and clip: the image tower of the weights.
std::vector<std::string> architecture_names();

/// What an architecture leaves open; zeros: as published.
struct ArchitectureSizes {
  std::string section = "network";  // of the options that say it
  std::int64_t image_size = 0;      // pixels; 0: 224, or a CLIP's own
  std::int64_t width = 0, depth = 0;
  bool group_norms = false;  // in the place of batch norms
};

/// Errors name the option that does not fit. `clip` is looked at where its tower is named.
std::unique_ptr<Backbone> make_backbone(const std::string& architecture, const ArchitectureSizes& sizes,
                                        const Clip* clip);

}  // namespace fedorbit
