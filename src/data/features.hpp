// What a frozen tower gives for every image of a data set, or for every line of a list of texts, kept in a file so that
// it is computed once: the feature store. Imported features, which other programs computed, are files of the same kind.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/tensor.hpp"

namespace fedorbit {

namespace feature_file {
inline constexpr const char *filetype = "fedorbit-features", *features = "/features", *patches = "/patches",
                            *view_features = "/view_features", *view_patches = "/view_patches", *done = "/done",
                            *label = "/label", *class_name = "/class_name", *domain = "/domain",
                            *domain_name = "/domain_name", *text = "/text", *prompts = "/prompts",
                            *row_sha256 = "/row_sha256";
inline constexpr std::int64_t version = 3;
}  // namespace feature_file

/// How the weights of imported features are named, for want of their checksum: this, and which files were imported.
inline constexpr const char* imported_weights = "imported from ";

/// Features as tensors, views of the mapped file: float32 or float16, as the tower gives them, not normalised.
struct Features {
  Tensor features;         // (N, d)
  Tensor patches;          // (N, M, d); undefined where they were not asked for
  Tensor view_features{};  // (V, N, d) of V augmented views; undefined without
  Tensor view_patches{};   // (V, N, M, d)
};

/// What features were computed from. Features are used only where all of it but the last is the same; those of another
/// precision with a warning.
struct FeatureOrigin {
  std::string data, weights;  // checksums
  std::string preprocessing;  // in words
  std::string views;          // how augmented views are made, in words; empty without
  std::string arithmetic;     // in words: "float32, " or "bfloat16, ", processor, versions; bits may depend on it
};

/// Features of the class names (C) under T templates.
struct PromptFeatures {
  std::string name;                    // of the set
  std::vector<std::string> templates;  // T, in the words of whoever made them
  Tensor features;                     // (T, C, d)
};

/// All that a feature file holds.
struct FeatureSet {
  FeatureOrigin origin;
  bool imported = false;
  double logit_scale = 100;  // the tower's factor on cosines; CLIP's own where it is not known
  Features of;
  Tensor labels;                         // (N) int64; undefined for texts
  std::vector<std::string> class_names;  // C; empty for texts
  Tensor domains;                        // (N) int64; undefined where nobody has said them: a data set has its own
  std::vector<std::string> domain_names;
  std::vector<std::string> texts;  // N, of a list of texts
  std::vector<PromptFeatures> prompts;
};

/// A part of the rows: the ranks of a node check a file together.
struct RowShare {
  std::int64_t part = 0, parts = 1;
};

/// Whether it holds imported features. Throws where the file is none.
bool are_imported(const std::filesystem::path& path);

/// Throws where the file is none, is not whole, contradicts itself, or where a row of `checked` or anything besides
/// rows does not fit its checksum. Features are mapped.
FeatureSet open_features(const std::filesystem::path& path, RowShare checked = {});

/// Throws a sentence where features come from other data, weights or preprocessing than `wanted`; an empty text there
/// accepts all.
void require_origin(const std::filesystem::path& path, const FeatureOrigin& origin, const FeatureOrigin& wanted);

/// Writes imported features, whole or not at all.
void write_imported(const std::filesystem::path& path, const FeatureSet& set);

}  // namespace fedorbit
