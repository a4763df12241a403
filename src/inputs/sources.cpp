#include "inputs/sources.hpp"

#include <ATen/ops/zeros_like.h>

#include "core/error.hpp"
#include "core/options.hpp"
#include "inputs/class_texts.hpp"
#include "inputs/feature_store.hpp"
#include "inputs/open_data.hpp"

namespace fedorbit {
namespace {

/// Asks once, and remembers.
std::function<Tensor()> once(std::function<Tensor()> read) {
  return [read = std::move(read), kept = std::make_shared<Tensor>()] {
    if (!kept->defined()) *kept = read();
    return *kept;
  };
}

std::string joined(const std::vector<std::string>& words, const char* between) {
  std::string all;
  for (const std::string& word : words) all += (all.empty() ? "" : between) + word;
  return all;
}

const PromptFeatures& chosen_texts(const FeatureSet& set, const DataOptions& data) {
  std::vector<std::string> names;
  for (const PromptFeatures& prompts : set.prompts) {
    if (prompts.name == data.texts) return prompts;
    names.push_back(prompts.name);
  }
  require(data.texts.empty(), data.features, " has no set of text features named data.texts = ", data.texts,
          names.empty() ? "; it has none." : "; the nearest is " + nearest(data.texts, names) + ".");
  require(names.size() == 1, data.features, " has ", names.size(),
          " sets of text features; name one with data.texts: ", joined(names, ", "), ".");
  return set.prompts.front();
}

Sources alone(FeatureSet set, const DataOptions& data, at::Device device) {
  Sources sources;
  sources.data_checksum = set.origin.data;
  sources.weights_checksum = set.origin.weights;
  sources.class_names = set.class_names;
  sources.labels = set.labels;
  sources.domain_names = set.domains.defined() ? set.domain_names : std::vector<std::string>{"all"};
  sources.domains = set.domains.defined() ? set.domains : at::zeros_like(set.labels);
  sources.width = set.of.features.size(1);
  sources.logit_scale = set.logit_scale;
  if (!set.prompts.empty() || !data.texts.empty()) {
    const PromptFeatures& prompts = chosen_texts(set, data);
    sources.templates = text("imported as ", prompts.name, ": ", joined(prompts.templates, "; "));
    sources.texts = once([features = prompts.features, device] { return ensemble(features).to(device); });
  }
  sources.imported = std::move(set);
  return sources;
}

}  // namespace

Labelled Sources::labelled() const {
  const auto view = [](const Tensor& column) {
    return std::span(column.const_data_ptr<std::int64_t>(), std::size_t(column.numel()));
  };
  return {view(labels), view(domains), std::int64_t(class_names.size()), std::int64_t(domain_names.size()),
          domain_names, data_checksum};
}

Sources open_sources(const DataOptions& data, const SyntheticOptions& scenes, const ModelOptions& model,
                     at::Device device, Communicator& communicator) {
  if (data.path.empty() && !data.features.empty() && are_imported(data.features))
    return alone(imported_features(data.features, communicator), data, device);
  require(data.texts.empty(), "data.texts = ", data.texts,
          " names text features of an imported file; these images' texts are read by the weights as "
          "model.text_template has them.");
  Sources sources;
  sources.dataset = open_data(data.path, scenes, communicator);
  sources.clip = std::make_shared<const Clip>(open_weights(model, device, communicator));
  sources.data_checksum = sources.dataset->checksum();
  sources.weights_checksum = sources.clip->checksum;
  sources.class_names = sources.dataset->class_names();
  sources.domain_names = sources.dataset->domain_names();
  sources.labels = sources.dataset->labels();
  sources.domains = sources.dataset->domains();
  sources.width = sources.clip->config.embed_dim;
  sources.logit_scale = sources.clip->logit_scale();
  const std::vector<std::string> templates = templates_in(model.text_template, "model.text_template");
  sources.templates = joined(templates, "; ");
  sources.texts = once([templates, names = sources.class_names, clip = sources.clip, device, &communicator] {
    const Tensor read = encode_prompts("zero-shot", templates, names, *clip, device, communicator).features;
    clip->release();
    return ensemble(read).to(device);
  });
  return sources;
}

}  // namespace fedorbit
