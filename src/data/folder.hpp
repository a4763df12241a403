// Images in class folders: FOLDER/<class>/<file>, in a fixed order, and readable names for the classes; or without
// labels, wherever they lie below a folder.
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
  std::string name;  // "class/file", with the domain in front where there are several; printable
  std::int64_t label, domain;
  std::string problem;  // a sentence where it is known already that the file cannot be read
};

struct ClassFolders {
  std::vector<std::string> class_names;            // (C) readable, in the byte order of their folders
  std::vector<std::vector<std::string>> synonyms;  // (C) other words for each, without its name
  std::vector<std::string> domain_names;           // (D)
  std::vector<SourceImage> images;                 // by domain, class folder, file, each in byte order; or as below
  std::vector<std::string> remarks;                // what a user should know: classes that a domain lacks, unused files
};

/// A folder's name as words: "BaseballField", "baseball_field" and "baseball-field" become "baseball field".
std::string readable_name(const std::string& folder);

/// Names by folder from a TOML file: `Port = "harbor"`, or `Port = ["harbor", "port"]` where the first is the class's
/// name and the rest are synonyms. A folder whose name is not UTF-8 stands there as printable() writes it.
using ClassNames = std::map<std::string, std::vector<std::string>>;
ClassNames read_class_names(const std::filesystem::path& file);
ClassNames parse_class_names(const std::string& content, const std::string& file);  // `file` stands in errors

struct FolderReading {
  ClassNames names;
  std::int64_t limit = 0;  // above 0: keeps the first images of each class folder
  bool skip_bad = false;   // class folders without images are left out, with a remark
};

/// The images of several folders, each a domain (name, folder). Classes are the union of theirs: folders of one
/// readable name in different domains are one class. Links that lead nowhere are images with a problem. Throws for a
/// folder that is missing or has no class folders, a class folder without images (naming what it holds instead), one
/// whose name is not UTF-8 and has no other, and two of one name in one domain.
ClassFolders read_class_folders(const std::vector<std::pair<std::string, std::filesystem::path>>& domains,
                                const FolderReading& reading = {});

/// The images below several folders, each a domain, by domain and path, all of one class that is called "unlabelled";
/// of each domain the first `limit`, if that is above 0. Throws for a folder that is missing or holds no image.
ClassFolders read_unlabelled_folders(const std::vector<std::pair<std::string, std::filesystem::path>>& domains,
                                     std::int64_t limit = 0);

}  // namespace fedorbit
