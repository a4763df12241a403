// What `fedorbit evaluate` found, as lines on the terminal.
#include <algorithm>
#include <iomanip>
#include <map>
#include <sstream>
#include <tuple>

#include "core/words.hpp"
#include "jobs/scores.hpp"

namespace fedorbit {
namespace {

std::string padded(const std::string& words, std::size_t width) {
  return words.size() < width ? words + std::string(width - words.size(), ' ') : words;
}

void write_templates(std::ostream& out, const std::vector<TemplateRecord>& templates) {
  std::map<std::string, std::vector<const TemplateRecord*>> sets;
  for (const TemplateRecord& record : templates) sets[record.set].push_back(&record);
  for (auto& [name, set] : sets) {
    if (set.size() < 2) continue;
    std::ranges::stable_sort(set, {}, &TemplateRecord::correct);
    out << name << ": " << set.size() << " templates, alone " << percent(set.front()->correct, set.front()->total)
        << " (\"" << set.front()->pattern << "\") to " << percent(set.back()->correct, set.back()->total) << " (\""
        << set.back()->pattern << "\"), median " << percent(set[set.size() / 2]->correct, set[0]->total) << "\n";
  }
}

/// A task on features of a trained model has the name of the same on frozen ones.
std::string heading(const Confusion& found) {
  const bool learned = found.scope == scope::global && found.task != task::labelling;
  return learned ? found.scope + " " + found.task : found.task;
}

/// Of few labelled images: the mean over draws, and how far these lie apart.
void write_draws(std::ostream& out, const std::vector<Score>& scores) {
  for (const Score& spread : scores) {
    if (spread.metric != "spread") continue;
    const auto mean = std::ranges::find_if(scores, [&](const Score& score) {
      return score.metric == "accuracy" && score.scope == spread.scope && score.task == spread.task;
    });
    out << (spread.scope == scope::global ? spread.scope + " " : "") << spread.task << ": " << percent(mean->value)
        << " ± " << fixed(100 * spread.value, 1) << " over draws\n";
  }
}

void write_mistakes(std::ostream& out, const Confusion& found, const std::vector<std::string>& class_names) {
  std::vector<std::tuple<std::int64_t, std::size_t, std::size_t>> mistakes;  // count, label, answer
  const std::size_t classes = class_names.size();
  for (std::size_t cell = 0; cell < found.counts.size(); ++cell)
    if (cell / classes != cell % classes && found.counts[cell] > 0)
      mistakes.emplace_back(-found.counts[cell], cell / classes, cell % classes);
  std::ranges::sort(mistakes);
  if (mistakes.size() > 3) mistakes.resize(3);
  for (std::size_t i = 0; i < mistakes.size(); ++i) {
    const auto& [count, label, answer] = mistakes[i];
    out << (i == 0 ? "most often mistaken (" + heading(found) + "): " : ", ") << class_names[label] << " for "
        << class_names[answer] << " " << -count << "x";
  }
  if (!mistakes.empty()) out << "\n";
}

/// Right answers and images in rows `first` to `last` of a confusion of so many classes.
std::string accuracy(const Confusion& found, std::size_t classes, std::size_t first, std::size_t last) {
  std::int64_t correct = 0, total = 0;
  for (std::size_t label = first; label < last; ++label)
    for (std::size_t answer = 0; answer < classes; ++answer) {
      const std::int64_t count = found.counts[label * classes + answer];
      total += count;
      if (answer == label) correct += count;
    }
  return percent(correct, total);
}

}  // namespace

std::string in_words(const Scores& found, const std::vector<std::string>& class_names) {
  std::ostringstream out;
  write_templates(out, found.templates);
  std::size_t width = 18;
  for (const std::string& name : class_names) width = std::max(width, name.size() + 2);
  const auto cell_width = [](const Confusion& task) { return int(std::max<std::size_t>(heading(task).size(), 8)) + 2; };
  const auto row = [&](const std::string& name, std::size_t first, std::size_t last) {
    out << padded(name, width);
    for (const Confusion& task : found.confusions)
      out << std::setw(cell_width(task)) << accuracy(task, class_names.size(), first, last);
    out << "\n";
  };
  out << padded("accuracy", width);
  for (const Confusion& task : found.confusions) out << std::setw(cell_width(task)) << heading(task);
  out << "\n";
  for (std::size_t c = 0; c < class_names.size(); ++c) row(class_names[c], c, c + 1);
  row("all images", 0, class_names.size());
  write_draws(out, found.scores);
  if (!found.confusions.empty()) write_mistakes(out, found.confusions.front(), class_names);
  std::string words = out.str();
  if (!words.empty()) words.pop_back();
  return words;
}

}  // namespace fedorbit
