#include "evaluation/fitted_task.hpp"

#include <algorithm>
#include <charconv>
#include <memory>

#include "core/error.hpp"
#include "core/words.hpp"
#include "evaluation/linear_probe.hpp"
#include "evaluation/nearest_neighbours.hpp"
#include "evaluation/score.hpp"

namespace fedorbit {
namespace {

Scorer by_probe(const Tensor& features, const Tensor& labels, const std::vector<std::int64_t>& train,
                std::int64_t classes) {
  const auto probe = std::make_shared<LinearProbe>(features, labels, train, classes);
  return [probe](const Batch& batch) { return probe->logits(batch.features); };
}

/// So many of `train` of each class, ascending.
std::vector<std::int64_t> drawn(const Tensor& labels, std::span<const std::int64_t> train, std::int64_t classes,
                                std::int64_t shots, const Keys& keys, std::int64_t draw) {
  std::vector<std::vector<std::int64_t>> of_class(static_cast<std::size_t>(classes));
  const auto* label = labels.const_data_ptr<std::int64_t>();
  for (const std::int64_t row : train) of_class[std::size_t(label[row])].push_back(row);
  std::vector<std::int64_t> chosen;
  for (std::size_t c = 0; c < of_class.size(); ++c) {
    Stream stream = keys.stream(Purpose::few_shot, std::uint64_t(draw), c);
    stream.shuffle(std::span(of_class[c]));
    chosen.insert(chosen.end(), of_class[c].begin(), of_class[c].begin() + std::ptrdiff_t(shots));
  }
  std::ranges::sort(chosen);
  return chosen;
}

std::int64_t number_in(const std::string& option, const std::string& word) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  require(error == std::errc() && end == word.data() + word.size() && number > 0, option, ": '", word,
          "' is no number of images; several stand between semicolons, as in 1;5;10.");
  return number;
}

}  // namespace

FittedTask probe_task(std::int64_t classes) {
  return {task::probe,
          [classes](const Tensor& features, const Tensor& labels, std::span<const std::int64_t> train, std::int64_t) {
            return by_probe(features, labels, {train.begin(), train.end()}, classes);
          }};
}

FittedTask neighbours_task(std::int64_t classes, std::int64_t k, double temperature) {
  return {task::neighbours,
          [classes, k, temperature](const Tensor& features, const Tensor& labels, std::span<const std::int64_t> train,
                                    std::int64_t) -> Scorer {
            const auto voters = std::make_shared<NearestNeighbours>(
                features, labels, std::vector<std::int64_t>(train.begin(), train.end()), classes, k, temperature);
            return [voters](const Batch& batch) { return voters->logits(batch.features); };
          }};
}

FittedTask few_shot_task(std::int64_t classes, std::int64_t shots, std::int64_t draws, const Keys& keys) {
  return {text(shots, "-shot"),
          [=](const Tensor& features, const Tensor& labels, std::span<const std::int64_t> train, std::int64_t draw) {
            return by_probe(features, labels, drawn(labels, train, classes, shots, keys, draw), classes);
          },
          draws};
}

std::vector<FittedTask> fitted_tasks(const FittedOptions& options, std::int64_t classes) {
  std::vector<FittedTask> tasks;
  if (options.linear_probe) tasks.push_back(probe_task(classes));
  if (options.neighbours) tasks.push_back(neighbours_task(classes, options.k, options.temperature));
  return tasks;
}

std::vector<FittedTask> few_shot_tasks(const std::string& option, const FittedOptions& options, const Labelled& data,
                                       std::span<const std::int64_t> train, const Keys& keys) {
  std::vector<std::int64_t> images(std::size_t(data.classes), 0);
  for (const std::int64_t image : train) ++images[std::size_t(data.labels[std::size_t(image)])];
  const auto fewest = std::ranges::min_element(images);
  std::vector<FittedTask> tasks;
  for (const std::string& word : listed(options.shots)) {
    const std::int64_t wanted = number_in(option, word);
    require(wanted <= *fewest, option, " = \"", options.shots, "\" asks for ", wanted,
            " labelled images of each class, and class ", fewest - images.begin(), " has ", *fewest,
            " to train on; take ", *fewest, " or fewer.");
    tasks.push_back(few_shot_task(data.classes, wanted, options.draws, keys));
  }
  return tasks;
}

}  // namespace fedorbit
