#include "jobs/subject.hpp"

#include "core/error.hpp"
#include "core/fingerprint.hpp"
#include "core/log.hpp"
#include "core/signals.hpp"
#include "inputs/class_texts.hpp"
#include "inputs/feature_store.hpp"
#include "inputs/open_data.hpp"
#include "jobs/opening.hpp"

namespace fedorbit {
namespace {

std::vector<std::string> wanted_templates(const EvaluatedModel& model, bool by_default) {
  require(model.templates.empty() || model.templates_file.empty(),
          "either model.templates or model.templates_file can be named, not both.");
  if (!model.templates.empty()) return templates_in(model.templates, "model.templates");
  if (model.templates_file.empty())
    return by_default ? std::vector<std::string>{"a satellite photo of a {}."} : std::vector<std::string>{};
  std::vector<std::string> templates = read_lines(model.templates_file);
  for (const std::string& pattern : templates)
    require(pattern.find("{}") != std::string::npos, model.templates_file, ": \"", pattern,
            "\" has no {} for the class name.");
  return templates;
}

/// What a trained model is revived from: texts in the words that its run read, or those that were imported for it.
Material material(const Subject& subject, const TrainedModel& learned, const std::vector<std::string>& class_names,
                  at::Device device, Communicator& communicator) {
  Material made{.class_names = class_names};
  if (subject.clip) {
    made = material_of(*subject.clip, class_names);
    const std::string& pattern = learned.text_template;
    if (!pattern.empty())
      made.texts = [&subject, pattern, class_names, device, &communicator] {
        const auto templates = templates_in(pattern, "text_template of the trained model");
        return ensemble(encode_prompts("texts", templates, class_names, *subject.clip, device, communicator).features)
            .to(device);
      };
    return made;
  }
  made.width = subject.set.of.features.size(1);
  made.logit_scale = subject.set.logit_scale;
  for (const PromptFeatures& prompts : subject.set.prompts)
    if (prompts.name == learned.texts || (learned.texts.empty() && subject.set.prompts.size() == 1))
      made.texts = [&prompts, device] { return ensemble(prompts.features).to(device); };
  return made;
}

}  // namespace

std::optional<Subject> open_subject(const EvaluateOptions& options, at::Device device, Communicator& communicator) {
  Subject subject;
  const bool alone = !options.data.features.empty() && options.data.path.empty();
  if (alone) {
    subject.set = open_features(options.data.features);
    require(subject.set.labels.defined(), options.data.features, " holds features of texts, not of images.");
    communicator.agree("features " + options.data.features,
                       fingerprint(subject.set.origin.data + subject.set.origin.weights));
  }
  const bool said = !options.model.templates.empty() || !options.model.templates_file.empty();
  std::optional<TrainedModel> learned;
  if (!options.model.trained.empty()) learned = read_trained_model(options.model.trained);
  const bool needs_tower = !alone || said || !options.model.weights.empty() || (learned && !learned->of_imported());
  const auto templates = wanted_templates(options.model, needs_tower && !learned && subject.set.prompts.empty());
  std::optional<Dataset>& dataset = subject.dataset;
  if (!alone) dataset = open_data(options.data.path, options.synthetic, communicator);
  if (needs_tower) {
    WeightOptions model = options.model;
    if (model.weights.empty() && learned && learned->named) model = *learned->named;
    require(!alone || !model.weights.empty(), "model.weights must name the weights whose tower reads the texts.");
    if (model.weights.empty()) model.weights = "embedded";
    subject.clip = open_weights(model, device, communicator);
    if (communicator.root() && !subject.clip->assumption.empty()) log::warning(subject.clip->assumption);
  }
  std::vector<std::string> class_names = alone ? subject.set.class_names : dataset->class_names();
  if (!options.data.class_names.empty()) {
    const auto names = read_names(options.data.class_names);
    require(names.size() == class_names.size(), options.data.class_names, " names ", names.size(),
            " classes, but the images have ", class_names.size(), ".");
    class_names = names;
    subject.set.prompts.clear();  // they were read with the old names
  }
  if (learned) {
    const std::string weights = subject.clip ? subject.clip->checksum : subject.set.origin.weights;
    subject.trained.emplace(
        revive(*learned, material(subject, *learned, class_names, device, communicator), weights, device));
    require(subject.trained->classifier() || subject.trained->learner->encoder(), learned->file.string(), " is of ",
            learned->learner, ", which can neither label images nor give features.");
  }
  if (alone && subject.clip && !subject.set.imported)
    require_origin(options.data.features, subject.set.origin, {"", subject.clip->checksum, "", "", ""});
  if (!alone) {
    Classifier* classifier = subject.trained ? subject.trained->classifier() : nullptr;
    const bool patches = classifier && classifier->needs_to_label().patches;
    auto features = features_of(*dataset, *subject.clip, {patches, false, {}}, options.data.features,
                                options.data.feature_store, device, communicator, signal_received);
    if (!features) {
      log::info("interrupted while encoding; the same command goes on from there.");
      communicator.barrier();
      return std::nullopt;
    }
    subject.set = std::move(*features);
  }
  if (subject.trained && !subject.trained->labelling.remark.empty())
    subject.warnings.push_back(subject.trained->labelling.remark);
  if (learned && !learned->data.empty() && learned->data == subject.set.origin.data)
    subject.warnings.push_back(text(options.model.trained,
                                    " was trained on images of this very data set (its checksum is the run's): how "
                                    "well it labels them says nothing of new images."));
  subject.set.class_names = class_names;
  if (subject.clip) {
    subject.set.logit_scale = subject.clip->logit_scale();
    require(subject.clip->config.embed_dim == subject.set.of.features.size(1), options.data.features,
            " holds features of width ", subject.set.of.features.size(1), ", but the tower's have ",
            subject.clip->config.embed_dim, ".");
  }
  if (options.model.logit_scale > 0) subject.set.logit_scale = options.model.logit_scale;
  subject.prompts = subject.set.prompts;
  if (!templates.empty())
    subject.prompts.push_back(encode_prompts("templates", templates, class_names, *subject.clip, device, communicator));
  return subject;
}

}  // namespace fedorbit
