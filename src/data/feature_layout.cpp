#include "data/feature_layout.hpp"

#include <ATen/ops/empty.h>

#include "core/error.hpp"
#include "core/version.hpp"
#include "data/feature_checksums.hpp"
#include "io/file.hpp"
#include "io/h5_tensor.hpp"

namespace fedorbit {

void lay_out_features(h5::File& file, const FeatureShape& shape, const FeatureSet& about) {
  file.set_attribute("filetype", feature_file::filetype);
  file.set_attribute("version", feature_file::version);
  file.set_attribute("program_version", version);
  file.set_attribute("program_commit", commit);
  file.set_attribute("data_sha256", about.origin.data);
  file.set_attribute("weights_sha256", about.origin.weights);
  file.set_attribute("preprocessing", about.origin.preprocessing);
  if (!about.origin.views.empty()) file.set_attribute("views", about.origin.views);
  file.set_attribute("arithmetic", about.origin.arithmetic);
  file.set_attribute("imported", std::int64_t(about.imported));
  file.set_attribute("logit_scale", about.logit_scale);
  file.set_attribute("sha256", checksum_of_rest(about));  // of what is not rows of numbers

  const Tensor like = at::empty({0}, shape.half ? at::kHalf : at::kFloat);
  const auto table = [&](const char* name, const h5::Shape& sizes, const char* content) {
    h5::Dataset dataset = h5::make_tensor(file, name, sizes, like, {.mappable = true});
    dataset.set_units("1");
    dataset.set_attribute("content", content);
  };
  table(feature_file::features, {shape.count, shape.width}, "(N, d), as the tower gives them");
  if (shape.patches > 0)
    table(feature_file::patches, {shape.count, shape.patches, shape.width}, "(N, M, d), row by row from the top left");
  if (shape.views > 0) {
    table(feature_file::view_features, {shape.views, shape.count, shape.width}, "(V, N, d), augmented views");
    if (shape.patches > 0)
      table(feature_file::view_patches, {shape.views, shape.count, shape.patches, shape.width}, "(V, N, M, d)");
  }
  file.make<std::uint8_t>(feature_file::row_sha256, {(1 + shape.views) * shape.count, row_checksum_bytes},
                          {.mappable = true})
      .set_attribute("content", "of each row's features and patches, view by view, in hexadecimal");
  const std::int64_t none = 0;
  h5::Dataset done = file.make<std::int64_t>(feature_file::done, {1}, {.mappable = true});
  done.write_rows<std::int64_t>(0, std::span(&none, 1));
  done.set_attribute("content", "rows written, view by view");
  if (!about.texts.empty()) {
    file.write_texts(feature_file::text, about.texts);
    return;
  }
  h5::write_tensor(file, feature_file::label, about.labels);
  file.write_texts(feature_file::class_name, about.class_names);
  if (about.domains.defined()) {
    h5::write_tensor(file, feature_file::domain, about.domains);
    file.write_texts(feature_file::domain_name, about.domain_names);
  }
  for (const PromptFeatures& prompts : about.prompts) {
    const std::string group = std::string(feature_file::prompts) + "/" + prompts.name;
    file.make_group(group);
    file.write_texts(group + "/template", prompts.templates);
    h5::write_tensor(file, group + "/features", prompts.features);
  }
}

void write_imported(const std::filesystem::path& path, const FeatureSet& set) {
  const Tensor& features = set.of.features;
  FeatureWriter writer(path, {features.size(0), features.size(1), 0, 0, features.scalar_type() == at::kHalf}, set);
  if (writer.done() == 0) writer.append(features.to(at::kFloat), {});
  writer.finish();
}

}  // namespace fedorbit
