// What a run reads: images with the weights that encode them, or features that another program computed.
#pragma once
#include <functional>
#include <memory>
#include <optional>

#include "data/features.hpp"
#include "data/partition.hpp"
#include "inputs/load_model.hpp"

namespace fedorbit {

struct DataOptions {
  std::string path, public_images, features, feature_store, texts;
  void fields(OptionList& v) {
    v("path", path,
      "a data set made by `fedorbit prepare`; empty: imported features, or synthetic scenes as [synthetic] describes "
      "them");
    v("public", public_images,
      "a data set made by `fedorbit prepare` of images that the server has for itself, whose labels nobody looks at, "
      "for "
      "a strategy that wants some (fedsense); empty: those that partition.public_images sets aside");
    v("features", features,
      "a feature file made by `fedorbit encode`, for this data and these weights, or imported, which needs neither; "
      "empty: the store");
    v("feature_store", feature_store, "folder that keeps image features; empty: the user's cache");
    v("texts", texts, "which set of text features of an imported file says what the classes are; empty: its only one");
  }
};

struct ModelOptions : WeightOptions {
  std::string text_template = "a satellite photo of a {}.";
  void fields(OptionList& v) {
    WeightOptions::fields(v);
    v("text_template", text_template,
      "what zero-shot classification and fedclip read, several separated by semicolons, whose features are averaged; "
      "{} stands for the class name");
  }
};

struct Sources {
  std::optional<Dataset> dataset;      // with clip,
  std::shared_ptr<const Clip> clip;    // or neither, and
  std::optional<FeatureSet> imported;  // features that stand alone
  std::string data_checksum, weights_checksum;
  std::vector<std::string> class_names, domain_names;
  Tensor labels, domains;  // (N) int64
  std::int64_t width = 0;  // of features
  double logit_scale = 100;
  std::string templates;          // what the texts say, in words
  std::function<Tensor()> texts;  // (C, d) unit, on the device; collective when first asked; null without

  /// A view, which this must outlive.
  Labelled labelled() const;
};

/// Collective: what the options name, the same on every rank, weights on the device. Features of data.features stand
/// alone where they were imported and data.path names no images. The communicator outlives it.
Sources open_sources(const DataOptions& data, const SyntheticOptions& scenes, const ModelOptions& model,
                     at::Device device, Communicator& communicator);

}  // namespace fedorbit
