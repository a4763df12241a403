#include "core/options.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <iterator>
#include <numeric>
#include <sstream>

#include "core/error.hpp"
#include "core/home.hpp"
#include "core/toml.hpp"

namespace fedorbit {
namespace {

template <class... Handlers>
struct Overloaded : Handlers... {
  using Handlers::operator()...;
};
template <class... Handlers>
Overloaded(Handlers...) -> Overloaded<Handlers...>;  // which clang before 17 does not find by itself

std::string quoted(const std::string& words) {
  std::ostringstream out;
  out << toml::value<std::string>(words);
  return out.str();
}

std::string printed(const Option& option) {
  return std::visit(
      Overloaded{[](const std::int64_t* v) { return std::to_string(*v); }, [](const double* v) { return decimal(*v); },
                 [](const bool* v) { return std::string(*v ? "true" : "false"); },
                 [](const std::string* v) { return quoted(*v); }},
      option.value);
}

std::string listed(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "\"" : ", \"") + word + "\"";
  return out;
}

std::string range(const Option& option) {
  const bool whole = std::holds_alternative<std::int64_t*>(option.value);
  auto bound = [&](double x) { return whole ? std::to_string(std::int64_t(x)) : text(x); };
  return bound(option.low) + " to " + bound(option.high);
}

void assign(const Option& option, const toml::node& node, const std::string& source) {
  auto refuse = [&](const std::string& expected) {
    fail(source, ": ", option.path, " = ", written(node), " is not ", expected, ".");
  };
  auto check_range = [&](double v) {
    if (!(v >= option.low && v <= option.high)) refuse("in its range, " + range(option));
  };
  std::visit(
      Overloaded{[&](std::int64_t* v) {
                   if (!node.is_integer()) refuse("a whole number");
                   check_range(double(*node.value<std::int64_t>()));
                   *v = *node.value<std::int64_t>();
                 },
                 [&](double* v) {
                   if (!node.is_number()) refuse("a number");
                   check_range(*node.value<double>());
                   *v = *node.value<double>();
                 },
                 [&](bool* v) {
                   if (!node.is_boolean()) refuse("true or false");
                   *v = *node.value<bool>();
                 },
                 [&](std::string* v) {
                   if (!node.is_string()) refuse("a text in quotes");
                   const auto words = *node.value<std::string>();
                   if (!option.choices.empty() && std::ranges::find(option.choices, words) == option.choices.end())
                     refuse(text("one of ", listed(option.choices), " (the nearest is ", nearest(words, option.choices),
                                 ")"));
                   *v = from_home(words);
                 }},
      option.value);
}

using Renamed = std::map<std::string, std::string>;

const Option& find(const std::vector<Option>& options, const Renamed& renamed, const std::string& name,
                   const std::string& source) {
  const auto today = renamed.find(name);
  const std::string& path = today == renamed.end() ? name : today->second;
  std::vector<std::string> paths;
  for (const auto& option : options) {
    if (option.path == path) return option;
    paths.push_back(option.path);
  }
  fail(source, ": there is no option ", path, "; the nearest is ", nearest(path, paths), ".");
}

void read_table(const std::vector<Option>& options, const Renamed& renamed, const toml::table& table,
                const std::string& prefix, const std::string& source) {
  for (const auto& [key, node] : table) {
    const std::string path = prefix + std::string(key.str());
    if (const auto* inner = node.as_table())
      read_table(options, renamed, *inner, path + ".", source);
    else
      assign(find(options, renamed, path, source), node, source);
  }
}

}  // namespace

void OptionList::read_file(const std::filesystem::path& file) {
  require(std::filesystem::exists(file), file.string(), " does not exist.");
  require(!std::filesystem::is_directory(file), file.string(), " is a folder, not a file.");
  std::ifstream stream(file, std::ios::binary);
  require(stream.good(), file.string(), " cannot be read.");
  const std::string words((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  read_text(words, file.string());
}

void OptionList::read_text(const std::string& toml, const std::string& source) {
  read_table(options_, renamed_, parse_toml(toml, source), "", source);
}

void OptionList::set(const std::string& assignment) {
  const std::string source = "--set " + assignment;
  const auto equals = assignment.find('=');
  require(equals != std::string::npos && equals > 0, source, ": section.name=value is expected.");
  const std::string path = assignment.substr(0, equals), value = assignment.substr(equals + 1);
  const Option& option = find(options_, renamed_, path, source);
  // Text needs no quotes on a command line.
  const bool bare = std::holds_alternative<std::string*>(option.value) && !value.starts_with('"');
  toml::table given;
  try {
    given = parse_toml("value = " + (bare ? quoted(value) : value), source);
  } catch (const Error&) {
    // Not TOML: a number as a command line may have it (.5), or what assign() says is none.
    double number = 0;
    const char* end = value.data() + value.size();
    const auto read = std::from_chars(value.data(), end, number);
    if (std::holds_alternative<double*>(option.value) && read.ec == std::errc() && read.ptr == end)
      given.insert("value", number);
    else
      given.insert("value", value);
  }
  assign(option, *given.get("value"), source);
}

std::string OptionList::toml() const {
  std::string out, section;
  for (const auto& option : options_) {
    const auto dot = option.path.rfind('.');
    const std::string here = dot == std::string::npos ? "" : option.path.substr(0, dot);
    if (here != section) out += "\n[" + (section = here) + "]\n";
    out += option.path.substr(dot + 1) + " = " + printed(option) + "\n";
  }
  return out;
}

std::string OptionList::help() const {
  std::string out;
  for (const auto& option : options_) {
    out +=
        option.path + " = " + printed(option) + (option.unit.empty() ? "" : " " + option.unit) + "\n    " + option.help;
    if (!option.choices.empty()) out += " [" + listed(option.choices) + "]";
    if (option.low != option.high) out += " [" + range(option) + "]";
    out += "\n";
  }
  return out;
}

namespace {

/// Letters to be changed, added or left out (Levenshtein 1966).
std::size_t letters_between(const std::string& word, const std::string& candidate) {
  std::vector<std::size_t> row(candidate.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 1; i <= word.size(); ++i) {
    std::size_t diagonal = row[0]++;
    for (std::size_t j = 1; j <= candidate.size(); ++j) {
      const std::size_t changed = diagonal + (word[i - 1] != candidate[j - 1]);
      diagonal = row[j];
      row[j] = std::min({changed, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

std::string last_name(const std::string& path) { return path.substr(path.rfind('.') + 1); }
std::string section_of(const std::string& path) { return path.substr(0, path.size() - last_name(path).size()); }

/// Whether `word` stands for `name` as lr or rate do for learning_rate: its initials, or one of its words.
bool abbreviates(const std::string& word, const std::string& name) {
  std::istringstream parts(name);
  std::string initials;
  for (std::string part; std::getline(parts, part, '_'); initials += part.substr(0, 1))
    if (part == word) return true;
  return initials == word && initials.size() > 1;
}

}  // namespace

std::string nearest(const std::string& word, const std::vector<std::string>& candidates) {
  const std::string mine = last_name(word), section = section_of(word);
  std::string best;
  std::pair<std::size_t, std::size_t> least{SIZE_MAX, SIZE_MAX};
  for (const std::string& candidate : candidates) {
    const std::string theirs = last_name(candidate), of = section_of(candidate);
    const std::size_t letters = letters_between(word, candidate);
    // A name in the wrong section, or in short, says more than many letters in common; of sections that have it all are
    // named, but for one that was misspelt. What is in the section that was named is nearer than what is in another.
    std::pair<std::size_t, std::size_t> distance{letters, letters};
    if (mine == theirs)
      distance = {1, section.empty() ? letters : std::min<std::size_t>(letters_between(section, of), 3)};
    else if (abbreviates(mine, theirs))
      distance.first = std::min<std::size_t>(letters, 2);
    else if (of != section && !section.empty())
      distance.first += mine.size();
    if (distance < least)
      least = distance, best = candidate;
    else if (distance == least && distance == std::pair<std::size_t, std::size_t>{1, 3})
      best.append(" or ").append(candidate);
  }
  return best;
}

}  // namespace fedorbit
