#include "results/trained_model.hpp"

#include <ATen/ops/tensor.h>
#include <c10/core/GradMode.h>

#include <algorithm>

#include "core/error.hpp"
#include "io/h5_tensor.hpp"
#include "io/json.hpp"
#include "results/class_places.hpp"
#include "results/schema.hpp"

namespace fedorbit {
namespace {

constexpr const char *model_format = "fedorbit-model-1", *prompts_format = "fedorbit-prompts-1";

/// The options that say what a learner is: its own section and the engine's.
OptionList options_of(const std::string& learner, LearnerOptions& options, EngineOptions& engine) {
  OptionList list;
  list.section(learner.c_str(), options.of(learner));
  list.section("engine", engine);
  return list;
}

TrainedModel from_results(const std::filesystem::path& path) {
  const h5::File file = h5::File::open(path);
  require(file.has_attribute(schema::attribute::filetype) &&
              file.text_attribute(schema::attribute::filetype) == schema::filetype,
          path.string(), " is no results file of a run.");
  require(file.is_group(schema::state), path.string(), " holds nothing that was learned: the run has not finished.");
  Experiment experiment;
  OptionList::of(experiment).read_text(file.text_attribute(schema::attribute::options), path.string());
  TrainedModel model{path,
                     experiment.method.learner,
                     experiment.learner,
                     experiment.engine,
                     {},
                     file.text_attribute("weights_sha256"),
                     file.text_attribute("data_sha256"),
                     file.has_attribute("learner_weights_sha256") ? file.text_attribute("learner_weights_sha256") : "",
                     experiment.model.text_template,
                     experiment.data.texts,
                     experiment.model,
                     file.read_texts(schema::classes(1).group + "/name")};
  for (const std::string& name : file.names(schema::state))
    model.shared[name] = h5::read_tensor(file, schema::state + "/" + name);
  return model;
}

/// A list of texts in JSON; none where there is nothing.
std::vector<std::string> names_in(const std::string& list, const std::filesystem::path& file) {
  if (list.empty()) return {};
  const nlohmann::json names = parse_json(list, text(file.string(), ": class_names"));
  require(names.is_array() && std::ranges::all_of(names, [](const auto& name) { return name.is_string(); }),
          file.string(), ": its class_names are no list of texts.");
  return names.get<std::vector<std::string>>();
}

TrainedModel from_safetensors(const std::filesystem::path& path) {
  const Safetensors read = read_safetensors(path);
  const auto said = [&](const char* key) {
    const auto found = read.metadata.find(key);
    return found == read.metadata.end() ? std::string() : found->second;
  };
  TrainedModel model{path,
                     said("learner"),
                     {},
                     {},
                     read.tensors,
                     said("weights_sha256"),
                     said("data_sha256"),
                     said("learner_weights_sha256"),
                     said("text_template"),
                     said("texts"),
                     {},
                     names_in(said("class_names"), path)};
  if (said("format") == model_format) {
    options_of(model.learner, model.options, model.engine).read_text(said("options"), path.string());
    return model;
  }
  const auto context = read.tensors.find("context.shared");
  require(said("format") == prompts_format && context != read.tensors.end() && context->second.dim() == 2,
          path.string(), " holds no model that a run has exported.");
  model.learner = "prompt";
  model.shared = {*context};
  OptionList::of(model.options).set(text("prompt.context=", context->second.size(0)));
  return model;
}

/// What its answers are to these classes. Throws where they are nothing, and it gives no features either.
Labelling labelling_of(const TrainedModel& model, Learner& learner, const std::vector<std::string>& classes) {
  Labelling labelling;
  const Classifier* classifier = learner.classifier();
  if (!classifier || classifier->reads_names() || model.class_names == classes) return labelling;
  const std::string file = model.file.string();
  if (model.class_names.empty()) {
    labelling.remark = text(file, " does not say which classes it tells apart: they are taken to be these.");
    return labelling;
  }
  labelling.same_classes = false;
  labelling.places = class_places(classes, model.class_names);
  if (!labelling.places.empty()) return labelling;
  labelling.possible = false;
  const std::string others =
      text(file, " tells other classes apart than these: ", class_differences(classes, model.class_names));
  require(learner.encoder(), others, "; if only names differ, say the run's with data.class_names.");
  labelling.remark = others + ". Its features alone are judged.";
  return labelling;
}

}  // namespace

Scorer TrainedLearner::scorer() const {
  Scorer answers = classifier()->scorer(parameters, Scope::global);
  if (labelling.places.empty()) return answers;
  return [answers, places = at::tensor(labelling.places)](const Batch& batch) {
    const Tensor logits = answers(batch);  // (K, B, its classes)
    return logits.index_select(-1, places.to(logits.device()));
  };
}

void export_model(const std::filesystem::path& file, Experiment experiment,
                  const std::vector<std::pair<std::string, Tensor>>& shared, std::int64_t rounds_done,
                  const std::string& weights_checksum, const std::string& data_checksum,
                  const std::string& learner_weights, const std::vector<std::string>& class_names) {
  const std::string& learner = experiment.method.learner;
  write_safetensors(file, NamedTensors(shared.begin(), shared.end()),
                    {{"format", model_format},
                     {"learner", learner},
                     {"options", options_of(learner, experiment.learner, experiment.engine).toml()},
                     {"rounds_done", std::to_string(rounds_done)},
                     {"weights_sha256", weights_checksum},
                     {"data_sha256", data_checksum},
                     {"learner_weights_sha256", learner_weights},
                     {"text_template", experiment.model.text_template},
                     {"texts", experiment.data.texts},
                     {"class_names", nlohmann::json(class_names).dump()}});
}

TrainedModel read_trained_model(const std::filesystem::path& path) {
  if (std::filesystem::is_directory(path)) return from_results(path / "results.h5");
  return path.extension() == ".safetensors" ? from_safetensors(path) : from_results(path);
}

TrainedLearner revive(const TrainedModel& model, Material material, const std::string& weights, at::Device device) {
  const at::NoGradGuard no_gradient;
  const bool both_imported = model.of_imported() && weights.starts_with(imported_weights);
  require(model.weights == weights || both_imported, model.file.string(), " was learned with other weights (",
          model.weights, ") than these (", weights, "); name the run's with model.weights.");
  material.engine = model.engine;
  auto learner = make_learner(model.learner, model.options, material);
  Labelling labelling = labelling_of(model, *learner, material.class_names);
  if (!labelling.same_classes) {
    material.class_names = model.class_names;
    learner = make_learner(model.learner, model.options, std::move(material));
  }
  const std::string read = learner->weights_checksum();
  require(model.learner_weights.empty() || model.learner_weights == read, model.file.string(),
          " was learned from another weights file of the learner (", model.learner_weights,
          ") than now lies where its options say (", read, "); bring the old one back.");
  Parameters parameters(learner->layout(), 1, device);
  for (const auto& entry : learner->layout().entries(Owner::shared)) {
    const auto found = model.shared.find(entry.name);
    require(
        found != model.shared.end(), model.file.string(), " holds no tensor ", entry.name,
        ": it is damaged, or of a run whose clients kept it (method.personal), so that there is no one model of all.");
    require(found->second.sizes() == at::IntArrayRef(entry.shape), model.file.string(), ": ", entry.name,
            " has the shape ", found->second.sizes(), ", where ", at::IntArrayRef(entry.shape),
            " is expected for these classes and weights.");
    Layout::view(parameters.flat(Owner::shared)[0], entry).copy_(found->second);
  }
  return {std::move(learner), std::move(parameters), std::move(labelling)};
}

}  // namespace fedorbit
