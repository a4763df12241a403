// How a client's step is computed: fast, or as published.
#pragma once
#include <string>

#include "core/options.hpp"

namespace fedorbit {

struct EngineOptions {
  std::string kind = "fast", precision = "float32";
  bool live_images = false;
  void fields(OptionList& v) {
    v("kind", kind,
      "fast: all that is exact and saves work; reference: the published recipe, one client at a time and every prompt "
      "padded to the tower's context, to check the fast one against",
      {"fast", "reference"});
    v("precision", precision, "of the text tower's arithmetic; prompts, losses and optimisers are float32 always",
      {"float32", "bfloat16"});
    v("live_images", live_images,
      "whether clients encode the images of each training step anew, as published, instead of taking kept features");
  }
  bool reference() const { return kind == "reference"; }
};

}  // namespace fedorbit
