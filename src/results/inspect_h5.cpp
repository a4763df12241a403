#include "results/inspect_h5.hpp"

#include <algorithm>
#include <set>
#include <sstream>

#include "core/error.hpp"
#include "core/words.hpp"
#include "data/dataset_file.hpp"
#include "data/features.hpp"
#include "evaluation/score.hpp"
#include "io/h5.hpp"
#include "results/schema.hpp"

namespace fedorbit {
namespace {

/// Finished files first; then as a reader beside the writer, which works for what a killed process left.
h5::File open_any(const std::filesystem::path& path) {
  try {
    return h5::File::open(path);
  } catch (const Error& refused) {
    try {
      return h5::File::open(path, h5::Access::read_swmr);
    } catch (const Error&) {
      fail(path.string(), " was left by a process that was killed while it wrote, or is damaged: ", refused.what());
    }
  }
}

std::string shape_in_words(const h5::Dataset& dataset) {
  std::string words;
  for (const std::int64_t size : dataset.shape()) words += text(words.empty() ? "" : " x ", size);
  return words.empty() ? "1" : words;
}

std::string listed(const std::vector<std::string>& names, std::size_t most = 8) {
  std::string words;
  for (std::size_t i = 0; i < std::min(most, names.size()); ++i) words += (i ? ", " : "") + names[i];
  return names.size() > most ? words + ", ... (" + std::to_string(names.size()) + ")" : words;
}

void write_attributes(std::ostream& out, const h5::File& file, std::initializer_list<const char*> names) {
  for (const char* name : names)
    if (file.has_attribute(name)) out << name << ": " << file.text_attribute(name) << "\n";
}

void describe_data(std::ostream& out, const h5::File& file) {
  const auto names = file.read_texts(data_file::class_name);
  const auto labels = file.read<std::int64_t>(data_file::label), heights = file.read<std::int64_t>(data_file::height),
             widths = file.read<std::int64_t>(data_file::width);
  std::vector<std::int64_t> counts(names.size());
  for (const std::int64_t label : labels)
    if (label >= 0 && label < std::int64_t(names.size())) ++counts[std::size_t(label)];
  out << "data set: " << counted(std::int64_t(labels.size()), "image") << " of "
      << counted(std::int64_t(names.size()), "class");
  if (!labels.empty() && !heights.empty() && !widths.empty())
    out << ", " << *std::ranges::min_element(heights) << " to " << *std::ranges::max_element(heights)
        << " pixels high, " << *std::ranges::min_element(widths) << " to " << *std::ranges::max_element(widths)
        << " wide, " << (counts.empty() ? 0 : *std::ranges::min_element(counts)) << " to "
        << (counts.empty() ? 0 : *std::ranges::max_element(counts)) << " a class";
  out << "\nclasses: " << listed(names) << "\ndomains: " << listed(file.read_texts(data_file::domain_name)) << "\n";
  write_attributes(out, file, {"checksum", "bands", "range"});
  if (const auto skipped = file.dataset(data_file::skipped_file).rows(); skipped > 0)
    out << skipped << " files were left out when it was prepared\n";
}

void describe_features(std::ostream& out, const h5::File& file) {
  const auto count = file.dataset(feature_file::features).rows();
  const bool texts = file.has(feature_file::text);
  std::int64_t rows = count;
  if (file.has(feature_file::view_features)) rows += count * file.dataset(feature_file::view_features).rows();
  const auto done = file.read<std::int64_t>(feature_file::done);
  out << "features of " << counted(count, texts ? "text" : "image");
  if (done.size() == 1 && done[0] < rows)
    out << ", not whole: " << done[0] << " of " << rows << " rows; the command that began it goes on with it";
  out << "\n";
  for (const char* name :
       {feature_file::features, feature_file::patches, feature_file::view_features, feature_file::view_patches})
    if (file.has(name)) out << "  " << name << "  " << shape_in_words(file.dataset(name)) << "\n";
  if (texts)
    out << "texts: " << listed(file.read_texts(feature_file::text), 4) << "\n";
  else
    out << "classes: " << listed(file.read_texts(feature_file::class_name)) << "\n";
  if (file.has(feature_file::domain)) out << "domains: " << listed(file.read_texts(feature_file::domain_name)) << "\n";
  if (file.has(feature_file::prompts))
    for (const std::string& name : file.names(feature_file::prompts))
      out << "text features " << name << ": "
          << shape_in_words(file.dataset(std::string(feature_file::prompts) + "/" + name + "/features")) << "\n";
  write_attributes(out, file,
                   {"data_sha256", "weights_sha256", "preprocessing", "views", "arithmetic", "program_version"});
}

/// The last accuracy of each task, scope and split on all of its images.
void describe_scores(std::ostream& out, const h5::File& file) {
  if (!file.is_group("/scores")) return;
  const auto texts = [&](const char* name) { return file.read_texts(std::string("/scores/") + name); };
  const auto integers = [&](const char* name) { return file.read<std::int64_t>(std::string("/scores/") + name); };
  const auto scopes = texts("scope"), splits = texts("split"), tasks = texts("task"), metrics = texts("metric");
  const auto rounds = integers("rounds_done"), clients = integers("client"), domains = integers("domain"),
             classes = integers("class"), correct = integers("correct"), count = integers("count");
  const std::size_t rows =
      std::min({scopes.size(), splits.size(), tasks.size(), metrics.size(), rounds.size(), clients.size(),
                domains.size(), classes.size(), correct.size(), count.size()});  // a kill leaves them uneven
  std::set<std::string> told;
  for (std::size_t i = rows; i-- > 0;) {
    if (metrics[i] != "accuracy" || clients[i] != any || domains[i] != any || classes[i] != any || count[i] == 0)
      continue;
    if (!told.insert(scopes[i] + tasks[i] + splits[i]).second) continue;
    out << "  " << scopes[i] << " " << tasks[i] << " after " << counted(rounds[i], "round") << ": "
        << percent(correct[i], count[i]) << " of " << counted(count[i], "image") << " (" << splits[i] << ")\n";
  }
}

void describe_results(std::ostream& out, const h5::File& file) {
  const bool whole = file.has_attribute(schema::attribute::end);
  const auto length = [&](const char* name) { return file.has(name) ? file.dataset(name).rows() : 0; };
  if (file.has("/bandwidths"))
    out << "results of bench-comm: " << counted(length("/bandwidths/bytes"), "measurement") << "\n";
  else if (!file.has("/rounds") && file.has("/virtual_rounds"))
    out << "results of links: " << counted(length("/virtual_rounds/round"), "round") << "\n";
  else
    out << "results: " << counted(length("/rounds/round"), "round") << ", "
        << counted(length("/clients/client"), "client") << ", " << counted(length("/classes/name"), "class") << "; "
        << (whole ? "finished" : "not finished: it is at work, was stopped or was killed") << "\n";
  describe_scores(out, file);
  if (file.is_group(schema::state))
    for (const std::string& name : file.names(schema::state))
      if (!name.starts_with("axis"))
        out << "  learned " << name << "  " << shape_in_words(file.dataset(schema::state + "/" + name)) << "\n";
  write_attributes(out, file,
                   {"start", "end", "command_line", "program_version", "program_commit", "hosts", "ranks", "backend",
                    "data_sha256", "public_sha256", "weights_sha256", "learner_weights_sha256",
                    "downstream_data_sha256", "libtorch_version", "cpu_capability"});
}

void describe_checkpoint(std::ostream& out, const h5::File& file) {
  out << "checkpoint after " << counted(file.integer_attribute("round"), "round") << ", "
      << (file.has_attribute("sha256") ? "whole" : "not written to its end") << "\n";
  for (const std::string& name : file.names("/server"))
    out << "  server " << name << "  " << shape_in_words(file.dataset("/server/" + name)) << "\n";
  out << "clients with a state of their own: " << file.dataset("/clients").rows() << "\n";
}

}  // namespace

std::string inspect_h5(const std::filesystem::path& path) {
  const h5::File file = open_any(path);
  const std::string kind = file.has_attribute("filetype") ? file.text_attribute("filetype") : "";
  std::ostringstream out;
  out.precision(3);
  if (kind == data_file::filetype)
    describe_data(out, file);
  else if (kind == feature_file::filetype)
    describe_features(out, file);
  else if (kind == schema::filetype)
    describe_results(out, file);
  else if (kind == "fedorbit-checkpoint")
    describe_checkpoint(out, file);
  else
    out << "an HDF5 file of another program: it holds " << listed(file.names("/")) << "\n";
  return out.str();
}

}  // namespace fedorbit
