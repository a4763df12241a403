#include "data/folder.hpp"

#include <algorithm>
#include <set>

#include "core/error.hpp"
#include "data/folder_scan.hpp"
#include "data/printable.hpp"
#include "io/image_formats.hpp"

namespace fedorbit {
namespace {

namespace fs = std::filesystem;

/// Drops class folders without images where that is allowed.
void require_images(std::map<std::string, ClassFolder>& classes, const fs::path& folder, bool skip_bad,
                    std::vector<std::string>& remarks) {
  std::erase_if(classes, [&](const auto& entry) {
    if (!entry.second.images.empty()) return false;
    const std::string path = printable((folder / entry.first).string());
    require(skip_bad, "the class folder ", path, " holds no image (", image_format_names,
            "); --skip-bad leaves it out.");
    remarks.push_back(text("left out: the class folder ", path, " holds no image."));
    return true;
  });
  require(!classes.empty(), "no class folder of ", printable(folder.string()), " holds an image.");
}

/// The class's name and synonyms as the names file has them, or the folder's name in words.
std::vector<std::string> words_for(const std::string& folder, const ClassNames& names) {
  const std::string shown = printable(folder);
  if (const auto given = names.find(shown); given != names.end()) return given->second;
  require(shown == folder, "the class folder ", shown,
          " has a name that is not UTF-8 or holds control characters: rename it, or name the class in the file of "
          "--names, with a line '",
          shown, "' = \"class name\".");
  return {readable_name(folder)};
}

/// Fills in the classes' names and synonyms; returns the class of each folder name.
std::map<std::string, std::int64_t> name_classes(ClassFolders& result, const std::set<std::string>& folders,
                                                 const ClassNames& names) {
  std::map<std::string, std::int64_t> class_of;
  for (const std::string& folder : folders) {
    const std::vector<std::string> words = words_for(folder, names);
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
  std::set<std::string> shown;
  for (const std::string& folder : folders) shown.insert(printable(folder));
  for (const auto& [folder, words] : names)
    if (!shown.contains(folder))
      result.remarks.push_back(text("the names file speaks of ", folder, ", which is no class folder."));
  return class_of;
}

/// What folders hold besides images.
void remark_on_others(const std::map<std::string, std::int64_t>& others, std::vector<std::string>& remarks) {
  std::string list;
  for (const auto& [kind, count] : others)
    if (count > 0)
      list += text(list.empty() ? "" : ", ", count, " ", kind.empty() ? "without ending" : printable(kind));
  if (!list.empty())
    remarks.push_back(text("among the images, not read: ", list, " (what is read: ", image_format_names, ")."));
}

/// Notes the name of a domain, and that its folder is there.
void add_domain(const std::string& name, const fs::path& folder, std::vector<std::string>& names) {
  require(std::ranges::find(names, name) == names.end(), "the domain \"", name, "\" is given twice.");
  names.push_back(name);
  require(fs::is_directory(folder), "there is no folder ", printable(folder.string()), ".");
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

ClassFolders read_class_folders(const std::vector<std::pair<std::string, fs::path>>& domains,
                                const FolderReading& reading) {
  ClassFolders result;
  std::vector<std::map<std::string, ClassFolder>> found;
  std::set<std::string> folders;
  for (const auto& [name, folder] : domains) {
    add_domain(name, folder, result.domain_names);
    FolderScan scan = scan_class_folders(folder);
    if (scan.beside > 0)
      result.remarks.push_back(text("not read: ", scan.beside,
                                    scan.beside == 1 ? " image that lies" : " images that lie", " in ",
                                    printable(folder.string()), " beside the class folders."));
    auto& classes = found.emplace_back(std::move(scan.classes));
    require_images(classes, folder, reading.skip_bad, result.remarks);
    for (const auto& [label, content] : classes) folders.insert(label);
  }
  const std::map<std::string, std::int64_t> class_of = name_classes(result, folders, reading.names);
  std::map<std::string, std::int64_t> others;
  for (std::size_t domain = 0; domain < found.size(); ++domain) {
    std::vector<std::string> source(result.class_names.size());  // the folder of each class in this domain
    for (auto& [folder, content] : found[domain]) {
      const std::int64_t label = class_of.at(folder);
      std::string& earlier = source[std::size_t(label)];
      require(earlier.empty(), "the class folders ", printable(earlier), " and ", printable(folder), " of ",
              printable(domains[domain].second.string()), " would both be named \"",
              result.class_names[std::size_t(label)], "\".");
      earlier = folder;
      for (const auto& [ending, count] : content.others) others[ending] += count;
      others["folders"] += std::int64_t(content.folders.size());
      const auto kept = std::size_t(reading.limit > 0 ? reading.limit : INT64_MAX);
      if (content.images.size() > kept) content.images.resize(kept);
      for (const fs::path& path : content.images) {
        const std::string name = printable(folder + "/" + path.filename().string());
        result.images.push_back({path, domains.size() > 1 ? result.domain_names[domain] + "/" + name : name, label,
                                 std::int64_t(domain), problem_of(path)});
      }
    }
    std::string lacking;
    for (std::size_t label = 0; label < source.size(); ++label)
      if (source[label].empty()) lacking += (lacking.empty() ? "" : ", ") + result.class_names[label];
    if (!lacking.empty())
      result.remarks.push_back(text("the domain ", result.domain_names[domain], " has no image of: ", lacking, "."));
  }
  remark_on_others(others, result.remarks);
  return result;
}

ClassFolders read_unlabelled_folders(const std::vector<std::pair<std::string, fs::path>>& domains, std::int64_t limit) {
  ClassFolders result;
  result.class_names = {"unlabelled"};
  result.synonyms.emplace_back();
  std::map<std::string, std::int64_t> others;
  for (const auto& [name, folder] : domains) {
    add_domain(name, folder, result.domain_names);
    ClassFolder content = scan_images_below(folder);
    require(!content.images.empty(), "below ", printable(folder.string()), " lies no image (", image_format_names,
            ").");
    if (limit > 0 && std::ssize(content.images) > limit) content.images.resize(std::size_t(limit));
    for (const fs::path& path : content.images) {
      const std::string below = printable(path.lexically_relative(folder).string());
      result.images.push_back({path, domains.size() > 1 ? name + "/" + below : below, 0,
                               std::ssize(result.domain_names) - 1, problem_of(path)});
    }
    for (const auto& [ending, count] : content.others) others[ending] += count;
  }
  remark_on_others(others, result.remarks);
  return result;
}

}  // namespace fedorbit
