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

void write_mistakes(std::ostream& out, const EvaluationRecord& score, const std::vector<std::string>& class_names) {
  std::vector<std::tuple<std::int64_t, std::size_t, std::size_t>> mistakes;  // count, label, answer
  const std::size_t classes = class_names.size();
  for (std::size_t cell = 0; cell < score.confusion.size(); ++cell)
    if (cell / classes != cell % classes && score.confusion[cell] > 0)
      mistakes.emplace_back(-score.confusion[cell], cell / classes, cell % classes);
  std::ranges::sort(mistakes);
  if (mistakes.size() > 3) mistakes.resize(3);
  for (std::size_t i = 0; i < mistakes.size(); ++i) {
    const auto& [count, label, answer] = mistakes[i];
    out << (i == 0 ? "most often mistaken (" + score.view + "): " : ", ") << class_names[label] << " for "
        << class_names[answer] << " " << -count << "x";
  }
  if (!mistakes.empty()) out << "\n";
}

}  // namespace

std::string in_words(const Scores& found, const std::vector<std::string>& class_names) {
  const std::vector<EvaluationRecord>& scores = found.records;
  std::ostringstream out;
  write_templates(out, found.templates);
  std::size_t width = 18;
  for (const std::string& name : class_names) width = std::max(width, name.size() + 2);
  const auto row = [&](const std::string& name, const auto& cell) {
    out << padded(name, width);
    for (const EvaluationRecord& score : scores)
      out << std::setw(int(std::max<std::size_t>(score.view.size(), 8)) + 2) << cell(score);
    out << "\n";
  };
  out << padded("accuracy", width);
  for (const EvaluationRecord& score : scores)
    out << std::setw(int(std::max<std::size_t>(score.view.size(), 8)) + 2) << score.view;
  out << "\n";
  for (std::size_t c = 0; c < class_names.size(); ++c)
    row(class_names[c],
        [&](const EvaluationRecord& score) { return percent(score.class_correct[c], score.class_total[c]); });
  row("all images", [&](const EvaluationRecord& score) { return percent(score.correct, score.total); });
  if (!scores.empty()) write_mistakes(out, scores.front(), class_names);
  std::string words = out.str();
  if (!words.empty()) words.pop_back();
  return words;
}

}  // namespace fedorbit
