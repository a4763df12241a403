#include "results/learned_prompts.hpp"

#include <c10/core/GradMode.h>

#include "core/error.hpp"
#include "io/h5_tensor.hpp"
#include "results/schema.hpp"

namespace fedorbit {
namespace {

LearnedPrompts from_results(const std::filesystem::path& path) {
  const h5::File file = h5::File::open(path);
  require(file.has_attribute(schema::attribute::filetype) &&
              file.text_attribute(schema::attribute::filetype) == schema::filetype,
          path.string(), " is no results file of a run.");
  require(file.is_group(schema::state), path.string(), " holds no learned prompts: the run has not finished.");
  Experiment experiment;
  OptionList::of(experiment).read_text(file.text_attribute(schema::attribute::options), path.string());
  LearnedPrompts learned{path,
                         experiment.method,
                         experiment.learner,
                         experiment.engine,
                         {},
                         file.text_attribute("weights_sha256"),
                         experiment.model};
  for (const std::string& name : file.names(schema::state))
    learned.shared[name] = h5::read_tensor(file, schema::state + "/" + name);
  return learned;
}

LearnedPrompts from_safetensors(const std::filesystem::path& path) {
  const Safetensors read = read_safetensors(path);
  const auto format = read.metadata.find("format");
  const auto context = read.tensors.find("context.shared");
  require(format != read.metadata.end() && format->second == "fedorbit-prompts-1" && context != read.tensors.end() &&
              context->second.dim() == 2,
          path.string(), " holds no prompts that a run has exported (context.shared).");
  LearnedPrompts learned{path, {}, {}, {}, {*context}, {}, {}};
  learned.method.learner = "prompt";
  OptionList::of(learned.learner).set(text("prompt.context=", context->second.size(0)));
  if (const auto weights = read.metadata.find("weights_sha256"); weights != read.metadata.end())
    learned.weights = weights->second;
  return learned;
}

}  // namespace

LearnedPrompts read_learned_prompts(const std::filesystem::path& path) {
  if (std::filesystem::is_directory(path)) return from_results(path / "results.h5");
  return path.extension() == ".safetensors" ? from_safetensors(path) : from_results(path);
}

TrainedLearner revive(const LearnedPrompts& learned, const Clip& clip, const std::vector<std::string>& class_names,
                      at::Device device) {
  const at::NoGradGuard no_gradient;
  require(learned.weights == clip.checksum, learned.file.string(), " was learned with other weights (", learned.weights,
          ") than these (", clip.checksum, "); name the run's with model.weights.");
  auto learner = make_learner(learned.method.learner, learned.learner, learned.engine, clip, class_names);
  Parameters parameters(learner->layout(), 1, device);
  for (const auto& entry : learner->layout().entries(Owner::shared)) {
    const auto found = learned.shared.find(entry.name);
    require(found != learned.shared.end(), learned.file.string(), " holds no tensor ", entry.name, ".");
    require(found->second.sizes() == at::IntArrayRef(entry.shape), learned.file.string(), ": ", entry.name,
            " has the shape ", found->second.sizes(), ", where ", at::IntArrayRef(entry.shape),
            " is expected for these classes and weights.");
    parameters.flat(Owner::shared)[0].narrow(0, entry.offset, entry.numel).copy_(found->second.flatten());
  }
  return {std::move(learner), std::move(parameters)};
}

}  // namespace fedorbit
