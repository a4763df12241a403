// Options, declared once: a struct lists its fields (name, default, unit, help, range), and everything that handles
// options (reading TOML, --set, --help, printing) works on that list.
#pragma once
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace fedorbit {

/// One option: where its value lives and what its declaration says of it.
struct Option {
  std::string path;  // "section.name"
  std::variant<std::int64_t*, double*, bool*, std::string*> value;
  std::string unit, help;
  double low = 0, high = 0;          // inclusive range of a number
  std::vector<std::string> choices;  // of a text; empty: any text
};

/// The visitor a struct of options lists its fields to: `void fields(OptionList& v) { v("rounds", rounds, ...); }`.
/// The list points into the struct, which must outlive it.
class OptionList {
 public:
  template <class Struct>
  static OptionList of(Struct& options) {
    OptionList list;
    options.fields(list);
    return list;
  }

  void operator()(const char* name, std::int64_t& value, const char* unit, const char* help, double low, double high) {
    options_.push_back({prefix_ + name, &value, unit, help, low, high, {}});
  }
  void operator()(const char* name, double& value, const char* unit, const char* help, double low, double high) {
    options_.push_back({prefix_ + name, &value, unit, help, low, high, {}});
  }
  void operator()(const char* name, bool& value, const char* help) {
    options_.push_back({prefix_ + name, &value, "", help, 0, 0, {}});
  }
  void operator()(const char* name, std::string& value, const char* help, std::vector<std::string> choices = {}) {
    options_.push_back({prefix_ + name, &value, "", help, 0, 0, std::move(choices)});
  }
  template <class Struct>
  void section(const char* name, Struct& options) {
    const std::string outer = prefix_;
    prefix_ += std::string(name) + ".";
    options.fields(*this);
    prefix_ = outer;
  }

  /// What files of before call `was` is today's option `path`.
  void renamed(const char* was, const char* path) { renamed_[was] = path; }

  const std::vector<Option>& options() const { return options_; }

  /// Sets what the TOML file says. Errors name the file, the key and the nearest known one, or the range.
  void read_file(const std::filesystem::path& file);
  void read_text(const std::string& toml, const std::string& source);
  /// Sets one option from "section.name=value", as on the command line.
  void set(const std::string& assignment);
  /// All options with their values, as TOML that read_text() reads back.
  std::string toml() const;
  /// One line an option: name, value, unit, range, help.
  std::string help() const;

 private:
  std::string prefix_;
  std::vector<Option> options_;
  std::map<std::string, std::string> renamed_;  // former paths and today's
};

/// The candidate that `word` most likely means: training.rounds for training.ronds, optimiser.learning_rate for lr.
std::string nearest(const std::string& word, const std::vector<std::string>& candidates);

}  // namespace fedorbit
