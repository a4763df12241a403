// Images in class folders: FOLDER/<class>/<file>, in a fixed order, and readable names for the classes.
#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace fedorbit {

struct SourceImage {
  std::filesystem::path path;
  std::string name;  // "class/file", with the domain in front where there are several
  std::int64_t label, domain;
};

struct ClassFolders {
  std::vector<std::string> class_names;            // (C) readable, in the byte order of their folders
  std::vector<std::vector<std::string>> synonyms;  // (C) other words for each, without its name
  std::vector<std::string> domain_names;           // (D)
  std::vector<SourceImage> images;                 // by domain, class folder, file, each in byte order
  std::vector<std::string> remarks;                // what a user should know: classes that a domain lacks, unused files
};

/// A folder's name as words: "BaseballField", "baseball_field" and "baseball-field" become "baseball field".
std::string readable_name(const std::string& folder);

/// Names by folder from a TOML file: `Port = "harbor"`, or `Port = ["harbor", "port"]` where the first is the class's
/// name and the rest are synonyms.
using ClassNames = std::map<std::string, std::vector<std::string>>;
ClassNames read_class_names(const std::filesystem::path& file);
ClassNames parse_class_names(const std::string& content, const std::string& file);  // `file` stands in errors

/// The images of several folders, each a domain (name, folder). Classes are the union of theirs: folders of one
/// readable name in different domains are one class. `limit` above 0 keeps the first images of each class folder.
/// Throws for a folder that is missing or has no class folders, a class folder without images, and two of one name in
/// one domain.
ClassFolders read_class_folders(const std::vector<std::pair<std::string, std::filesystem::path>>& domains,
                                const ClassNames& names = {}, std::int64_t limit = 0);

}  // namespace fedorbit
