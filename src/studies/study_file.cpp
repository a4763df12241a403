#include "studies/study_file.hpp"

#include <algorithm>

#include "core/error.hpp"
#include "core/options.hpp"

namespace fedorbit {
namespace {

struct Leaf {
  std::string path;
  const toml::node* node;
};

/// What is no table below a table, by its whole path, in the order of the file: toml++ sorts keys.
std::vector<Leaf> leaves_of(const toml::table& table, const std::string& prefix = "") {
  std::vector<Leaf> leaves;
  for (const auto& [key, node] : table) {
    const std::string path = prefix + std::string(key.str());
    if (const auto* inner = node.as_table())
      std::ranges::copy(leaves_of(*inner, path + "."), std::back_inserter(leaves));
    else
      leaves.push_back({path, &node});
  }
  std::ranges::stable_sort(leaves, [](const Leaf& a, const Leaf& b) {
    const auto &one = a.node->source().begin, &other = b.node->source().begin;
    return std::pair(one.line, one.column) < std::pair(other.line, other.column);
  });
  return leaves;
}

class Reader {
 public:
  explicit Reader(const std::string& source) : source_(source) {}

  StudyFile read(const toml::table& table) const {
    StudyFile study;
    for (const auto& [key, node] : table) {
      const std::string name(key.str());
      if (name == "name")
        study.name = words(node, name);
      else if (name == "base")
        study.base = words(node, name);
      else if (name == "ranks")
        study.ranks = count(node, name);
      else if (name == "options")
        study.options = assignments(table_of(node, name));
      else if (name == "settings")
        study.settings = axes(table_of(node, name));
      else if (name == "repeats")
        study.repeats = axes(table_of(node, name));
      else if (name == "include")
        each(node, name, [&](const toml::table& one) { study.includes.push_back(axes(one)); });
      else if (name == "exclude")
        each(node, name, [&](const toml::table& one) { study.excludes.push_back(axes(one)); });
      else if (name == "before")
        each(node, name, [&](const toml::table& one) { study.before.push_back(preparation(one)); });
      else
        fail(source_, ": a study has no ", name, "; the nearest is ",
             nearest(name, {"name", "base", "ranks", "options", "settings", "repeats", "include", "exclude", "before"}),
             table.contains("base") || table.contains("settings")
                 ? "."
                 : "; the configuration of a run is for `fedorbit run`.");
    }
    return study;
  }

 private:
  std::string words(const toml::node& node, const std::string& key) const {
    require(node.is_string(), source_, ": ", key, " = ", written(node), " is not a text in quotes.");
    return *node.value<std::string>();
  }
  std::int64_t count(const toml::node& node, const std::string& key) const {
    require(node.is_integer() && *node.value<std::int64_t>() >= 1 && *node.value<std::int64_t>() <= 100'000, source_,
            ": ", key, " = ", written(node), " is not a whole number from 1 to 100000.");
    return *node.value<std::int64_t>();
  }
  const toml::table& table_of(const toml::node& node, const std::string& key) const {
    require(node.is_table(), source_, ": ", key, " should be a table, as [", key, "] begins one.");
    return *node.as_table();
  }
  template <class Action>
  void each(const toml::node& node, const std::string& key, Action action) const {
    require(node.is_array_of_tables(), source_, ": ", key, " should be tables, as [[", key, "]] begins one.");
    for (const toml::node& one : *node.as_array()) action(*one.as_table());
  }

  std::string assignments(const toml::table& table) const {
    std::string lines;
    for (const Leaf& leaf : leaves_of(table)) lines += text(leaf.path, " = ", written(*leaf.node), "\n");
    return lines;
  }

  std::vector<Axis> axes(const toml::table& table) const {
    std::vector<Axis> found;
    for (const Leaf& leaf : leaves_of(table)) {
      Axis axis{leaf.path, {}};
      if (const toml::array* values = leaf.node->as_array())
        for (const toml::node& value : *values) {
          require(value.is_value(), source_, ": ", leaf.path, " holds ", written(value), ", which is no single value.");
          axis.values.push_back(written(value));
        }
      else
        axis.values.push_back(written(*leaf.node));
      require(!axis.values.empty(), source_, ": the axis ", leaf.path, " has no value.");
      found.push_back(std::move(axis));
    }
    return found;
  }

  StudyStep preparation(const toml::table& table) const {
    StudyStep step;
    for (const auto& [key, node] : table) {
      const std::string name(key.str());
      if (name == "command")
        step.command = words(node, "before.command");
      else if (name == "makes")
        step.makes = words(node, "before.makes");
      else if (name == "ranks")
        step.ranks = count(node, "before.ranks");
      else
        fail(source_, ": before has no ", name, "; it has command, makes and ranks.");
    }
    require(!step.command.empty() && !step.makes.empty(), source_,
            ": before needs a command of the program and the file that it makes.");
    return step;
  }

  const std::string& source_;
};

}  // namespace

StudyFile parse_study(const std::string& text, const std::string& source) {
  return Reader(source).read(parse_toml(text, source));
}

}  // namespace fedorbit
