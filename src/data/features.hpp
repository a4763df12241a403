// What a frozen vision tower gives for every image of a data set, kept in a file so that it is computed once.
#pragma once
#include <filesystem>
#include <string>

#include "core/tensor.hpp"

namespace fedorbit {

struct Features {
  Tensor features;  // (N, d) float32, as the tower gives them: not normalised
  Tensor patches;   // (N, M, d) float32; undefined where they were not asked for
};

/// What features were computed from. Features are used only where all of it is the same.
struct FeatureOrigin {
  std::string data, weights;  // checksums
  std::string preprocessing;  // in words
};

/// Writes the file whole or not at all.
void write_features(const std::filesystem::path& path, const Features& features, const FeatureOrigin& origin);
/// Throws where the file is not such a file, or comes from other data, weights or preprocessing.
Features read_features(const std::filesystem::path& path, const FeatureOrigin& origin);

}  // namespace fedorbit
