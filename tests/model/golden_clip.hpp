// The golden CLIP of open_clip (tests/golden/make_clip.py).
#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/clip.hpp"
#include "model/towers/text_tower.hpp"
#include "model/towers/vision.hpp"
#include "support/checks.hpp"
#include "support/source_folder.hpp"

namespace fedorbit {

inline const std::filesystem::path golden = source_folder() / "tests/golden";

inline Clip open_clip_golden() { return load_clip(golden / "clip_open_clip/open_clip_model.safetensors"); }

inline void expect_parity(const Clip& clip, const NamedTensors& expected) {
  const auto seen = encode_images(clip.tensors, clip.config, expected.at("images").to(at::kFloat), true);
  EXPECT_LT(relative(seen.features, expected.at("features")), 1e-5);
  EXPECT_LT(relative(seen.patches, expected.at("patches")), 1e-5);
  EXPECT_LT(relative(encode_images(clip.tensors, clip.config, expected.at("images").to(at::kFloat)).features,
                     expected.at("features")),
            1e-5);
  EXPECT_LT(relative(encode_tokens(clip.tensors, clip.config, expected.at("tokens")), expected.at("text")), 1e-5);
}

}  // namespace fedorbit
