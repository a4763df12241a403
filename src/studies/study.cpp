#include "studies/study.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "core/error.hpp"
#include "federation/experiment.hpp"
#include "io/file.hpp"
#include "studies/study_file.hpp"

namespace fedorbit {
namespace {

constexpr const char *method = "method", *ranks = "ranks";
constexpr std::size_t longest_name = 200, most_complaints = 10;

using Choices = std::vector<Choice>;

/// A text of TOML without its quotes; other values as they are.
std::string bare(const std::string& value) {
  const bool quoted = value.size() >= 2 && (value.front() == '"' || value.front() == '\'');
  return quoted ? value.substr(1, value.size() - 2) : value;
}

std::string last_part(const std::string& axis) { return axis.substr(axis.rfind('.') + 1); }

/// What a folder's name can hold on any file system.
std::string plain(std::string words) {
  std::ranges::replace_if(
      words, [](unsigned char c) { return std::isalnum(c) == 0 && c != '.' && c != '-' && c != '+' && c != '_'; }, '-');
  return words;
}

/// Every combination, the last axis running fastest.
std::vector<Choices> product(const std::vector<Axis>& axes, const std::map<std::string, std::string>& labels) {
  std::vector<Choices> all{{}};
  for (const Axis& axis : axes) {
    std::vector<Choices> longer;
    longer.reserve(all.size() * axis.values.size());
    for (const Choices& choices : all)
      for (const std::string& value : axis.values) {
        std::string word = plain(bare(value));
        if (axis.name == method || bare(value).find('/') != std::string::npos)  // of a path its stem
          word = plain(std::filesystem::path(bare(value)).stem().string());
        longer.push_back(choices);
        longer.back().push_back({axis.name, value, axis.name == method ? word : labels.at(axis.name) + "=" + word});
      }
    all = std::move(longer);
  }
  return all;
}

/// Short names of axes: their last part, or all of it where two have the same.
std::map<std::string, std::string> labels_of(const StudyFile& study) {
  std::map<std::string, std::string> labels;
  std::map<std::string, std::set<std::string>> of_last;
  const auto note = [&](const std::vector<Axis>& axes) {
    for (const Axis& axis : axes) of_last[last_part(axis.name)].insert(axis.name);
  };
  note(study.settings);
  note(study.repeats);
  for (const auto& include : study.includes) note(include);
  for (const auto& exclude : study.excludes) note(exclude);
  for (const auto& [last, names] : of_last)
    for (const std::string& name : names) labels[name] = names.size() == 1 ? last : name;
  return labels;
}

bool holds_all(const Choices& choices, const Choices& wanted) {
  return std::ranges::all_of(wanted, [&](const Choice& want) {
    return std::ranges::any_of(choices,
                               [&](const Choice& have) { return have.axis == want.axis && have.value == want.value; });
  });
}

class Expansion {
 public:
  Expansion(const StudyFile& study, const std::filesystem::path& file)
      : study_(study), file_(file), labels_(labels_of(study)) {}

  std::vector<StudyRun> runs() {
    check(study_.settings);
    check(study_.repeats);
    for (const auto& include : study_.includes) check(include);
    std::string all;
    for (const std::string& complaint : complaints_) all += (all.empty() ? "" : "\n") + complaint;
    if (!all.empty()) throw Error(all);
    const std::vector<Choices> repeats = product(study_.repeats, labels_);
    for (const Choices& settings : settings_of_all())
      for (const Choices& repeat : repeats) add(settings, repeat);
    return std::move(runs_);
  }

 private:
  std::vector<Choices> settings_of_all() const {
    std::vector<Choices> kept;
    std::vector<std::pair<Choices, bool>> excludes;
    for (const auto& exclude : study_.excludes)
      for (Choices& choices : product(exclude, labels_)) excludes.emplace_back(std::move(choices), false);
    if (!study_.settings.empty() || study_.includes.empty())
      for (Choices& choices : product(study_.settings, labels_)) {
        bool out = false;
        for (auto& [wanted, matched] : excludes)
          if (holds_all(choices, wanted)) out = matched = true;
        if (!out) kept.push_back(std::move(choices));
      }
    for (const auto& [wanted, matched] : excludes) {
      std::string words;
      for (const Choice& choice : wanted) words += text(words.empty() ? "" : ", ", choice.axis, " = ", choice.value);
      require(matched, file_.string(), ": no combination of the settings is excluded by ", words, ".");
    }
    for (const auto& include : study_.includes) std::ranges::copy(product(include, labels_), std::back_inserter(kept));
    return kept;
  }

  void add(const Choices& settings, const Choices& repeats) {
    StudyRun run{.name = {}, .settings = settings, .repeats = repeats, .configuration = {}, .ranks = study_.ranks};
    for (const Choices* choices : {&settings, &repeats})
      for (const Choice& choice : *choices) run.name += (run.name.empty() ? "" : ",") + choice.word;
    if (run.name.empty()) run.name = "run";
    require(run.name.size() <= longest_name, file_.string(), ": the name ", run.name, " is longer than ", longest_name,
            " bytes.");
    require(names_.insert(run.name).second, file_.string(), " describes two runs of one name, ", run.name, ".");
    configure(run);
    runs_.push_back(std::move(run));
  }

  /// Each value of each axis by itself: an option stands for itself, so that no combination can be wrong beyond these.
  void check(const std::vector<Axis>& axes) {
    for (const Axis& axis : axes)
      for (const std::string& value : axis.values) {
        try {
          if (axis.name == method) {
            common(bare(value));
          } else if (axis.name == ranks) {
            rank_count(value);
          } else {
            Experiment experiment = common("");
            OptionList::of(experiment).read_text(text(axis.name, " = ", value), file_.string());
          }
        } catch (const Error& wrong) {
          const std::string sentence = wrong.what();
          if (std::ranges::find(complaints_, sentence) == complaints_.end() && complaints_.size() < most_complaints)
            complaints_.push_back(sentence);
        }
      }
  }

  std::int64_t rank_count(const std::string& value) const {
    const bool whole = value.find_first_not_of("0123456789") == std::string::npos && value.size() < 6;
    require(whole && std::atoll(value.c_str()) >= 1, file_.string(), ": ranks = ", value,
            " is not a whole number from 1 to 99999.");
    return std::atoll(value.c_str());
  }

  /// The base, the method, the options of all and the axes, each over the one before.
  void configure(StudyRun& run) {
    std::string chosen;
    for (const Choices* choices : {&run.settings, &run.repeats})
      for (const Choice& choice : *choices)
        if (choice.axis == method) chosen = bare(choice.value);
    Experiment experiment = common(chosen);
    OptionList options = OptionList::of(experiment);
    for (const Choices* choices : {&run.settings, &run.repeats})
      for (const Choice& choice : *choices) {
        if (choice.axis == method) continue;
        if (choice.axis == ranks)
          run.ranks = rank_count(choice.value);
        else
          options.read_text(text(choice.axis, " = ", choice.value), file_.string());
      }
    experiment.name = run.name;
    run.threads = experiment.machine.threads;
    run.rounds = experiment.training.rounds;
    run.configuration = options.toml();
  }

  /// What all runs of a method have in common, read once.
  const Experiment& common(const std::string& chosen) {
    const auto known = common_.find(chosen);
    if (known != common_.end()) return known->second;
    Experiment experiment;
    OptionList options = OptionList::of(experiment);
    for (const std::string& part : {study_.base, chosen})
      if (!part.empty()) options.read_file(file_.parent_path() / part);
    options.read_text(study_.options, file_.string());
    return common_.emplace(chosen, experiment).first->second;
  }

  const StudyFile& study_;
  const std::filesystem::path& file_;
  std::map<std::string, std::string> labels_;
  std::map<std::string, Experiment> common_;
  std::vector<StudyRun> runs_;
  std::set<std::string> names_;
  std::vector<std::string> complaints_;
};

}  // namespace

Study read_study(const std::filesystem::path& file) {
  Study study;
  study.text = read_file(file);
  const StudyFile parts = parse_study(study.text, file.string());
  require(!parts.settings.empty() || !parts.repeats.empty() || !parts.includes.empty(), file.string(),
          " describes no run: it needs [settings], [repeats] or [[include]].");
  study.name = plain(parts.name.empty() ? file.stem().string() : parts.name);
  study.before = parts.before;
  study.runs = Expansion(parts, file).runs();
  require(!study.runs.empty(), file.string(), " describes no run: all combinations are excluded.");
  return study;
}

}  // namespace fedorbit
