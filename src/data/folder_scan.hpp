// What lies in a folder of class folders, as the file system has it: images, and what is none.
#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace fedorbit {

struct ClassFolder {
  std::vector<std::filesystem::path> images;   // in byte order, by their endings; links among them may lead nowhere
  std::vector<std::string> folders;            // names of folders inside
  std::map<std::string, std::int64_t> others;  // files that are not read, counted by ending
};

struct FolderScan {
  std::map<std::string, ClassFolder> classes;  // by the names of their folders
  std::int64_t beside = 0;                     // images that lie beside the class folders
};

/// Class folders. What archivers and file servers leave behind (hidden files, __MACOSX, @eaDir) is passed
/// over. Throws where there is none, where one is a link that leads nowhere, and where images lie one folder deeper,
/// naming the folders to give instead.
FolderScan scan_class_folders(const std::filesystem::path& folder);

/// All images below a folder, however deep, the paths in byte order; what else lies there is counted.
ClassFolder scan_images_below(const std::filesystem::path& folder);

/// Why the file cannot be read, as a sentence; empty where it can be tried.
std::string problem_of(const std::filesystem::path& file);

}  // namespace fedorbit
