#include "data/features.hpp"

#include <ATen/ops/isfinite.h>
#include <ATen/ops/tensor.h>

#include <cmath>

#include "core/error.hpp"
#include "data/feature_checksums.hpp"
#include "io/file.hpp"
#include "io/h5_tensor.hpp"

namespace fedorbit {
namespace {

FeatureOrigin read_origin(const h5::File& file) {
  return {file.text_attribute("data_sha256"), file.text_attribute("weights_sha256"),
          file.text_attribute("preprocessing"), file.has_attribute("views") ? file.text_attribute("views") : "",
          file.text_attribute("arithmetic")};
}

h5::File open_file(const std::filesystem::path& path) {
  h5::File file = h5::File::open(path);
  require(file.has_attribute("filetype") && file.text_attribute("filetype") == feature_file::filetype, path.string(),
          " is no feature file: make one with \"fedorbit encode\".");
  return file;
}

/// A mapped table of the shape that `shape` says; -1 there is any length. Undefined where it may be missing and is.
Tensor mapped(const h5::File& file, const char* name, const std::vector<std::int64_t>& shape, bool optional) {
  if (optional && !file.has(name)) return {};
  const Tensor table = h5::map_tensor(file, name);
  bool fits = table.dim() == std::int64_t(shape.size()) && table.is_floating_point();
  for (std::size_t i = 0; fits && i < shape.size(); ++i)
    fits = table.size(std::int64_t(i)) == shape[i] || (shape[i] == -1 && table.size(std::int64_t(i)) > 0);
  require(fits, file.file(), " ", name, " has the shape ", table.sizes(), ", where ", at::IntArrayRef(shape),
          " is expected (-1: any length).");
  return table;
}

Features read_tables(const h5::File& file) {
  Features of;
  of.features = mapped(file, feature_file::features, {-1, -1}, false);
  const std::int64_t count = of.features.size(0), width = of.features.size(1);
  of.patches = mapped(file, feature_file::patches, {count, -1, width}, true);
  of.view_features = mapped(file, feature_file::view_features, {-1, count, width}, true);
  if (of.view_features.defined() && of.patches.defined())
    of.view_patches =
        mapped(file, feature_file::view_patches, {of.view_features.size(0), count, of.patches.size(1), width}, false);
  return of;
}

/// A place among `names` for each of `count` images: a label, a domain.
Tensor read_places(const h5::File& file, const char* name, std::int64_t count, const std::vector<std::string>& names) {
  const Tensor places = h5::read_tensor(file, name);
  require(places.dim() == 1 && places.size(0) == count && places.scalar_type() == at::kLong, file.file(), " ", name,
          " has the shape ", places.sizes(), ", where one whole number for each of ", count, " images is expected.");
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t place = places.const_data_ptr<std::int64_t>()[i];
    require(place >= 0 && place < std::int64_t(names.size()), file.file(), " ", name, ": that of image ", i, " is ",
            place, ", outside 0 to ", std::int64_t(names.size()) - 1, ".");
  }
  return places;
}

std::vector<PromptFeatures> read_prompts(const h5::File& file, const FeatureSet& set) {
  std::vector<PromptFeatures> out;
  if (!file.has(feature_file::prompts)) return out;
  for (const std::string& name : file.names(feature_file::prompts)) {
    const std::string group = std::string(feature_file::prompts) + "/" + name;
    PromptFeatures prompts{name, file.read_texts(group + "/template"), h5::read_tensor(file, group + "/features")};
    const std::vector<std::int64_t> expected{std::int64_t(prompts.templates.size()),
                                             std::int64_t(set.class_names.size()), set.of.features.size(1)};
    require(prompts.features.sizes() == at::IntArrayRef(expected) && prompts.features.is_floating_point(), file.file(),
            " ", group, "/features has the shape ", prompts.features.sizes(), ", where ", at::IntArrayRef(expected),
            " is expected.");
    out.push_back(std::move(prompts));
  }
  return out;
}

}  // namespace

bool are_imported(const std::filesystem::path& path) { return open_file(path).integer_attribute("imported") != 0; }

FeatureSet open_features(const std::filesystem::path& path, RowShare checked) {
  const h5::File file = open_file(path);
  const std::int64_t version = file.integer_attribute("version");
  require(version == feature_file::version, path.string(), " is a feature file of version ", version,
          "; this program reads version ", feature_file::version, ".");
  FeatureSet set;
  set.origin = read_origin(file);
  set.imported = file.integer_attribute("imported") != 0;
  set.logit_scale = file.real_attribute("logit_scale");
  require(std::isfinite(set.logit_scale), path.string(), " has a logit_scale that is not finite.");
  set.of = read_tables(file);
  const std::int64_t rows =
      set.of.features.size(0) * (1 + (set.of.view_features.defined() ? set.of.view_features.size(0) : 0));
  const auto done = file.read<std::int64_t>(feature_file::done);
  require(done.size() == 1 && done[0] == rows, path.string(), " holds ", done.empty() ? 0 : done[0], " of ", rows,
          " rows: it was not written to its end; the command that began it goes on with it.");
  if (file.has(feature_file::text)) {
    set.texts = file.read_texts(feature_file::text);
    require(std::int64_t(set.texts.size()) == set.of.features.size(0), path.string(), " ", feature_file::text, " has ",
            set.texts.size(), " rows where ", feature_file::features, " has ", set.of.features.size(0), ".");
  } else {
    set.class_names = file.read_texts(feature_file::class_name);
    const std::int64_t count = set.of.features.size(0);
    set.labels = read_places(file, feature_file::label, count, set.class_names);
    if (file.has(feature_file::domain)) {
      set.domain_names = file.read_texts(feature_file::domain_name);
      set.domains = read_places(file, feature_file::domain, count, set.domain_names);
    }
    set.prompts = read_prompts(file, set);
  }
  constexpr const char* remedy = "; remove the file, and it is encoded or imported anew.";
  require(file.text_attribute("sha256") == checksum_of_rest(set), path.string(),
          " is damaged: its labels, names or texts do not fit their checksum", remedy);
  const Tensor sums = h5::map_tensor(file, feature_file::row_sha256);
  require(sums.numel() == rows * row_checksum_bytes && sums.scalar_type() == at::kByte, path.string(), " ",
          feature_file::row_sha256, " has the shape ", sums.sizes(), ", where ", rows, " rows of ", row_checksum_bytes,
          " bytes are expected.");
  const std::int64_t last = rows * (checked.part + 1) / checked.parts,
                     damaged = first_damaged_row(set.of, sums, rows * checked.part / checked.parts, last);
  require(damaged == last, path.string(), " is damaged: the features of row ", damaged, " do not fit their checksum",
          remedy);
  return set;
}

void require_origin(const std::filesystem::path& path, const FeatureOrigin& origin, const FeatureOrigin& wanted) {
  const auto check = [&](const char* what, const std::string& has, const std::string& asked) {
    require(asked.empty() || has == asked, path.string(), " holds features of other ", what, " (", has,
            ") than are asked for (", asked, "); encode them anew.");
  };
  check("data", origin.data, wanted.data);
  check("weights", origin.weights, wanted.weights);
  check("preprocessing", origin.preprocessing, wanted.preprocessing);
  check("views", origin.views, wanted.views);
}

}  // namespace fedorbit
