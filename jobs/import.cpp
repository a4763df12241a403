#include "jobs/import.hpp"

#include <ATen/ops/isfinite.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <filesystem>

#include "core/error.hpp"
#include "core/log.hpp"
#include "core/words.hpp"
#include "data/features.hpp"
#include "io/file.hpp"
#include "io/npy.hpp"
#include "jobs/opening.hpp"

namespace fedorbit {
namespace {

/// float16 stays, all else becomes float32.
Tensor finite_features(const std::string& file) {
  const Tensor array = read_npy(std::filesystem::path(file));
  require(array.is_floating_point(), file, " holds whole numbers; features are floating-point numbers.");
  require(array.numel() > 0, file, " is empty.");
  require(at::isfinite(array).all().item<bool>(), file, " holds numbers that are not finite.");
  return array.scalar_type() == at::kHalf ? array : array.to(at::kFloat);
}

Tensor read_labels(const std::string& file, std::int64_t count, std::int64_t classes) {
  const Tensor array = read_npy(std::filesystem::path(file));
  require(!array.is_floating_point() && array.sizes() == at::IntArrayRef({count}), file, " has the shape ",
          array.sizes(), array.is_floating_point() ? " of floating-point numbers" : "", ", where whole numbers (",
          count, ") are expected, one for each image.");
  const Tensor labels = array.to(at::kLong).contiguous();
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t label = labels.const_data_ptr<std::int64_t>()[i];
    require(label >= 0 && label < classes, file, " gives image ", i, " the label ", label, ", outside 0 to ",
            classes - 1, ".");
  }
  return labels;
}

PromptFeatures read_prompts(const std::string& file, const Import& import, std::int64_t classes, std::int64_t width) {
  Tensor array = finite_features(file);
  if (array.dim() == 2) array = array.unsqueeze(0);
  require(array.dim() == 3 && array.size(1) == classes && array.size(2) == width, file, " has the shape ",
          array.sizes(), ", where (templates, ", classes, ", ", width, ") is expected: ", classes,
          " classes, and images of width ", width, ".");
  PromptFeatures prompts{std::filesystem::path(file).stem().string(), {}, array};
  if (!import.templates.empty()) prompts.templates = read_lines(import.templates);
  if (std::int64_t(prompts.templates.size()) != array.size(0)) {
    prompts.templates.clear();
    for (std::int64_t t = 0; t < array.size(0); ++t) prompts.templates.push_back(text("template ", t));
  }
  return prompts;
}

/// Domains are numbered as they are first met.
void read_domains(const std::string& file, FeatureSet& set) {
  const std::vector<std::string> lines = read_lines(file);
  const std::int64_t count = set.of.features.size(0);
  require(std::int64_t(lines.size()) == count, file, " names the domains of ", lines.size(), " images, but there are ",
          count, "; it takes a line for each image.");
  std::vector<std::int64_t> domains;
  for (const std::string& name : lines) {
    const auto known = std::ranges::find(set.domain_names, name);
    domains.push_back(known - set.domain_names.begin());
    if (known == set.domain_names.end()) set.domain_names.push_back(name);
  }
  set.domains = at::tensor(domains);
}

std::string sha256_of_files(const std::vector<std::string>& files) {
  std::string all;
  for (const std::string& file : files) all += file.empty() ? "" : sha256_of_file(file);
  return sha256(all);
}

}  // namespace

void import_features(const Import& import, const std::string& output) {
  require(!import.labels.empty() && !import.classes.empty(),
          "--import-images needs --labels FILE.npy and --classes FILE.txt beside it.");
  FeatureSet set;
  set.imported = true;
  set.class_names = read_names(import.classes);
  set.of.features = finite_features(import.images);
  require(set.of.features.dim() == 2, import.images, " has the shape ", set.of.features.sizes(),
          ", where (images, width) is expected.");
  const std::int64_t classes = std::int64_t(set.class_names.size()), width = set.of.features.size(1);
  set.labels = read_labels(import.labels, set.of.features.size(0), classes);
  if (!import.domains.empty()) read_domains(import.domains, set);
  for (const std::string& file : import.texts) {
    set.prompts.push_back(read_prompts(file, import, classes, width));
    for (std::size_t i = 0; i + 1 < set.prompts.size(); ++i)
      require(set.prompts[i].name != set.prompts.back().name, "two files of --texts are called ",
              set.prompts.back().name, "; rename one.");
  }
  if (!import.templates.empty()) {
    const auto lines = std::int64_t(read_lines(import.templates).size());
    bool used = false;
    for (const PromptFeatures& prompts : set.prompts) used = used || prompts.features.size(0) == lines;
    require(used, import.templates, " has ", lines, " templates, as many as no file of --texts has.");
  }
  std::string computed = text(imported_weights, "array files of SHA-256 ", sha256_of_file(import.images));
  for (const std::string& file : import.texts) computed += ", " + sha256_of_file(file);
  set.origin = {sha256_of_files({import.labels, import.classes, import.domains}), std::move(computed),
                "unknown: imported from " + std::filesystem::path(import.images).filename().string(), "",
                "another program's"};
  write_imported(output, set);
  log::info(output, ": ", counted(set.of.features.size(0), "image"), " of width ", width, ", ",
            counted(classes, "class"), ", ",
            set.domains.defined() ? counted(std::int64_t(set.domain_names.size()), "domain") + ", " : "",
            counted(std::int64_t(set.prompts.size()), "set"), " of text features");
}

}  // namespace fedorbit
