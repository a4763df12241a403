#include "data/folder.hpp"

#include <algorithm>
#include <set>

#include "core/error.hpp"

namespace fedorbit {
namespace {

namespace fs = std::filesystem;

bool hidden(const fs::path& path) { return path.filename().string().starts_with('.'); }

bool looks_like_image(const fs::path& path) {
  static const std::set<std::string> endings = {".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".jp2"};
  std::string ending = path.extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(), [](unsigned char c) { return std::tolower(c); });
  return endings.contains(ending);
}

/// What a folder holds, in byte order: the file system's own order differs between machines.
std::vector<fs::path> sorted_entries(const fs::path& folder) {
  std::error_code problem;
  std::vector<fs::path> entries;
  for (fs::directory_iterator at(folder, problem), end; !problem && at != end; at.increment(problem))
    if (!hidden(at->path())) entries.push_back(at->path());
  require(!problem, "the folder ", folder.string(), " cannot be read: ", problem.message(), ".");
  std::sort(entries.begin(), entries.end(),
            [](const fs::path& a, const fs::path& b) { return a.filename().string() < b.filename().string(); });
  return entries;
}

struct ClassFolder {
  std::vector<fs::path> images;
  std::size_t others = 0;
};

std::map<std::string, ClassFolder> classes_in(const fs::path& folder) {
  std::map<std::string, ClassFolder> classes;
  for (const fs::path& entry : sorted_entries(folder)) {
    if (!fs::is_directory(entry)) continue;
    ClassFolder found;
    for (const fs::path& file : sorted_entries(entry)) {
      if (fs::is_regular_file(file) && looks_like_image(file))
        found.images.push_back(file);
      else
        ++found.others;
    }
    require(!found.images.empty(), "the class folder ", entry.string(), " holds no image (JPEG, PNG or TIFF).");
    classes.emplace(entry.filename().string(), std::move(found));
  }
  require(!classes.empty(), "the folder ", folder.string(), " has no class folders: images are expected as ",
          folder.string(), "/<class>/<file>.");
  return classes;
}

/// Fills in the classes' names and synonyms; returns the class of each folder name.
std::map<std::string, std::int64_t> name_classes(ClassFolders& result, const std::set<std::string>& folders,
                                                 const ClassNames& names) {
  std::map<std::string, std::int64_t> class_of;
  for (const std::string& folder : folders) {
    std::vector<std::string> words = {readable_name(folder)};
    if (const auto given = names.find(folder); given != names.end()) words = given->second;
    const auto known = std::find(result.class_names.begin(), result.class_names.end(), words[0]);
    const std::size_t label = std::size_t(known - result.class_names.begin());
    if (known == result.class_names.end()) {
      result.class_names.push_back(words[0]);
      result.synonyms.emplace_back();
    }
    class_of[folder] = std::int64_t(label);
    for (std::size_t i = 1; i < words.size(); ++i)
      if (auto& list = result.synonyms[label]; std::find(list.begin(), list.end(), words[i]) == list.end())
        list.push_back(words[i]);
  }
  for (const auto& [folder, words] : names)
    if (!folders.contains(folder))
      result.remarks.push_back(text("the names file speaks of ", folder, ", which is no class folder."));
  return class_of;
}

}  // namespace

std::string readable_name(const std::string& folder) {
  std::string words;
  for (std::size_t i = 0; i < folder.size(); ++i) {
    const unsigned char c = folder[i];
    const bool after_lower = i > 0 && std::islower(static_cast<unsigned char>(folder[i - 1]));
    const bool last_of_capitals = i > 0 && std::isupper(static_cast<unsigned char>(folder[i - 1])) &&
                                  i + 1 < folder.size() && std::islower(static_cast<unsigned char>(folder[i + 1]));
    const bool gap = c == '_' || c == '-' || c == ' ';
    if ((gap || (std::isupper(c) && (after_lower || last_of_capitals))) && !words.empty() && words.back() != ' ')
      words += ' ';
    if (!gap) words += char(std::tolower(c));
  }
  while (!words.empty() && words.back() == ' ') words.pop_back();
  return words.empty() ? folder : words;
}

ClassFolders read_class_folders(const std::vector<std::pair<std::string, fs::path>>& domains, const ClassNames& names,
                                std::int64_t limit) {
  ClassFolders result;
  std::vector<std::map<std::string, ClassFolder>> found;
  std::set<std::string> folders;
  for (const auto& [name, folder] : domains) {
    require(std::find(result.domain_names.begin(), result.domain_names.end(), name) == result.domain_names.end(),
            "the domain \"", name, "\" is given twice.");
    result.domain_names.push_back(name);
    require(fs::is_directory(folder), "there is no folder ", folder.string(), ".");
    for (const auto& [label, content] : found.emplace_back(classes_in(folder))) folders.insert(label);
  }
  const std::map<std::string, std::int64_t> class_of = name_classes(result, folders, names);
  std::size_t others = 0;
  for (std::size_t domain = 0; domain < found.size(); ++domain) {
    std::vector<std::string> source(result.class_names.size());  // the folder of each class in this domain
    for (auto& [folder, content] : found[domain]) {
      const std::int64_t label = class_of.at(folder);
      std::string& earlier = source[std::size_t(label)];
      require(earlier.empty(), "the class folders ", earlier, " and ", folder, " of ", domains[domain].second.string(),
              " would both be named \"", result.class_names[std::size_t(label)], "\".");
      earlier = folder;
      others += content.others;
      if (limit > 0 && std::int64_t(content.images.size()) > limit) content.images.resize(std::size_t(limit));
      for (const fs::path& path : content.images) {
        const std::string name = folder + "/" + path.filename().string();
        result.images.push_back(
            {path, domains.size() > 1 ? result.domain_names[domain] + "/" + name : name, label, std::int64_t(domain)});
      }
    }
    std::string lacking;
    for (std::size_t label = 0; label < source.size(); ++label)
      if (source[label].empty()) lacking += (lacking.empty() ? "" : ", ") + result.class_names[label];
    if (!lacking.empty())
      result.remarks.push_back(text("the domain ", result.domain_names[domain], " has no image of: ", lacking, "."));
  }
  if (others > 0) result.remarks.push_back(text(others, " entries of class folders are no images by their names."));
  return result;
}

}  // namespace fedorbit
