#include "data/feature_checksums.hpp"

#include <string_view>

#include "core/error.hpp"
#include "io/file.hpp"

namespace fedorbit {
namespace {

std::string_view bytes_of(const Tensor& values) {
  return {static_cast<const char*>(values.const_data_ptr()), values.nbytes()};
}

/// Row `row` of (N, ...) and then (V, N, ...).
std::string_view row_of(const Tensor& plain, const Tensor& views, std::int64_t row) {
  const std::int64_t count = plain.size(0);
  const std::size_t width = plain.nbytes() / std::size_t(count);
  const Tensor& table = row < count ? plain : views;
  return bytes_of(table).substr(std::size_t(row < count ? row : row - count) * width, width);
}

}  // namespace

std::string row_checksum(const Features& of, std::int64_t row) {
  const std::string_view features = row_of(of.features, of.view_features, row);
  if (!of.patches.defined()) return sha256(features);
  return sha256(std::string(features) + std::string(row_of(of.patches, of.view_patches, row)));
}

std::int64_t first_damaged_row(const Features& of, const Tensor& checksums, std::int64_t first, std::int64_t last) {
  const std::string_view all = bytes_of(checksums);
  for (std::int64_t row = first; row < last; ++row)
    if (all.substr(std::size_t(row * row_checksum_bytes), row_checksum_bytes) != row_checksum(of, row)) return row;
  return last;
}

std::string checksum_of_rest(const FeatureSet& set) {
  std::string all;
  const auto add = [&all](const std::string& what, std::string_view content) { all += what + sha256(content) + "\n"; };
  if (set.labels.defined()) add("labels ", bytes_of(set.labels.contiguous()));
  for (const std::string& name : set.class_names) add("class ", name);
  if (set.domains.defined()) add("domains ", bytes_of(set.domains.contiguous()));
  for (const std::string& name : set.domain_names) add("domain ", name);
  for (const std::string& line : set.texts) add("text ", line);
  for (const PromptFeatures& prompts : set.prompts) {
    add("prompts ", prompts.name);
    for (const std::string& words : prompts.templates) add("template ", words);
    add(text("features ", prompts.features.sizes(), " "), bytes_of(prompts.features.contiguous()));
  }
  return sha256(all);
}

}  // namespace fedorbit
