// The options that learners are tested with: small ones, a line for each reading of a paper.
#include <map>

#include "algorithms/group.hpp"

namespace fedorbit {
namespace {

using Options = std::vector<std::string>;
using Variants = std::vector<Options>;

Options joined(Options options, const Options& more) {
  options.insert(options.end(), more.begin(), more.end());
  return options;
}

const Options transformer{"architecture=vit_tiny_patch16", "width=16", "depth=1", "image_size=32"};
const Options residual{"architecture=resnet18", "width=4", "image_size=32"};

Variants of_networks() {
  Variants out;
  for (const char* norm : {"statistics=shared", "statistics=personal", "statistics=batch", "norm=group"})
    out.push_back({"architecture=resnet18", "width=8", "image_size=32", norm});
  out.push_back({"architecture=vit_tiny_patch16", "width=16", "depth=2", "image_size=32", "label_smoothing=0.1"});
  out.push_back({"architecture=clip", "head=text"});
  return out;
}

/// Of two views: with the sizes of what stands behind the backbone, and an option that the last of them takes, too.
Variants of_views(const Options& sizes, const std::string& last) {
  return {joined(transformer, sizes), joined(joined(residual, sizes), {"statistics=personal"}),
          joined(joined(residual, sizes), {"norm=group", last})};
}

Variants of_readings() {
  Variants out;
  for (const char* reading : {"reading=separate", "reading=joined"})
    for (const char* transport : {"transport=patch", "transport=batch"}) out.push_back({reading, transport});
  return out;
}

/// By learner. Every one has a line: of their published sizes tests would take hours.
const std::map<std::string, Variants>& all() {
  static const std::map<std::string, Variants> variants{
      {"prompt", {{"context=4"}}},
      {"dual_prompt", of_readings()},
      {"fedclip", {{}, {"objective=classes"}, {"feature_length=10"}}},
      {"linear", {{}, {"features=raw"}}},
      {"network", of_networks()},
      {"simsiam", of_views({"projection=12", "prediction=5"}, "alignment=0.5")},
      {"byol", of_views({"hidden=12", "projection=5"}, "kept=client")},
      {"moco", of_views({"queue=9", "projection=6"}, "kept=client")},
      {"simmim", {transformer}},
      {"mae", {joined(transformer, {"decoder_width=12", "decoder_depth=1"})}},
  };
  return variants;
}

}  // namespace

std::vector<std::vector<std::string>> variants_of(const std::string& name) {
  const auto found = all().find(name);
  require(found != all().end(), "nobody says with which options ", name,
          " is to be tested: give it a line of small ones in tests/algorithms/variants.cpp.");
  Variants out = found->second;
  for (Options& options : out)
    for (std::string& option : options) option = name + "." + option;
  return out;
}

std::vector<std::unique_ptr<Learner>> variants(const std::string& name, const Clip& clip, const EngineOptions& engine) {
  std::vector<std::unique_ptr<Learner>> out;
  for (const Options& options : variants_of(name))
    out.push_back(make_learner(name, with<LearnerOptions>(options), whole_material(clip, engine)));
  return out;
}

}  // namespace fedorbit
