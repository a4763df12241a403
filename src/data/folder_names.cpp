#include "core/error.hpp"
#include "core/toml.hpp"
#include "data/folder.hpp"
#include "io/file.hpp"

namespace fedorbit {

ClassNames parse_class_names(const std::string& content, const std::string& file) {
  const toml::table table = parse_toml(content, file);
  ClassNames names;
  for (const auto& [key, value] : table) {
    std::vector<std::string>& words = names[std::string(key.str())];
    if (const auto* name = value.as_string()) words.push_back(name->get());
    if (const auto* list = value.as_array())
      for (const auto& entry : *list) {
        require(entry.is_string(), file, ": the names of ", key.str(), " must all be texts.");
        words.push_back(entry.as_string()->get());
      }
    require(!words.empty(), file, ": ", key.str(), " must be a name or a list of names.");
    for (const std::string& word : words) require(!word.empty(), file, ": a name of ", key.str(), " is empty.");
  }
  return names;
}

ClassNames read_class_names(const std::filesystem::path& file) {
  return parse_class_names(read_file(file), file.string());
}

}  // namespace fedorbit
