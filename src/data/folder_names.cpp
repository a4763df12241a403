#include <toml++/toml.h>

#include "core/error.hpp"
#include "data/folder.hpp"
#include "io/file.hpp"

namespace fedorbit {

ClassNames read_class_names(const std::filesystem::path& file) {
  toml::table table;
  try {
    table = toml::parse(read_file(file), file.string());
  } catch (const toml::parse_error& problem) {
    fail(file.string(), ", line ", problem.source().begin.line, ": ", problem.description(), ".");
  }
  ClassNames names;
  for (const auto& [key, value] : table) {
    std::vector<std::string>& words = names[std::string(key.str())];
    if (const auto* name = value.as_string()) words.push_back(name->get());
    if (const auto* list = value.as_array())
      for (const auto& entry : *list) {
        require(entry.is_string(), file.string(), ": the names of ", key.str(), " must all be texts.");
        words.push_back(entry.as_string()->get());
      }
    require(!words.empty(), file.string(), ": ", key.str(), " must be a name or a list of names.");
    for (const std::string& word : words)
      require(!word.empty(), file.string(), ": a name of ", key.str(), " is empty.");
  }
  return names;
}

}  // namespace fedorbit
