#include "data/folder_scan.hpp"

#include <algorithm>
#include <utility>

#include "core/error.hpp"
#include "data/printable.hpp"
#include "io/image_formats.hpp"

namespace fedorbit {
namespace {

namespace fs = std::filesystem;

bool left_behind(const std::string& name) { return name.starts_with('.') || name == "__MACOSX" || name == "@eaDir"; }

/// What a folder holds, in byte order: the file system's own order differs between machines.
std::vector<fs::path> sorted_entries(const fs::path& folder) {
  std::error_code problem;
  std::vector<fs::path> entries;
  for (fs::directory_iterator at(folder, problem), end; !problem && at != end; at.increment(problem))
    if (!left_behind(at->path().filename().string())) entries.push_back(at->path());
  require(!problem, "the folder ", printable(folder.string()), " cannot be read: ", problem.message(), ".");
  std::sort(entries.begin(), entries.end(),
            [](const fs::path& a, const fs::path& b) { return a.filename().string() < b.filename().string(); });
  return entries;
}

bool leads_nowhere(const fs::path& path) {
  std::error_code unknown;
  return fs::is_symlink(path, unknown) && !fs::exists(path, unknown);
}

ClassFolder scanned(const fs::path& folder) {
  ClassFolder found;
  for (const fs::path& entry : sorted_entries(folder)) {
    std::error_code unknown;
    const std::string ending = ending_of(entry);
    if (fs::is_directory(entry, unknown))
      found.folders.push_back(entry.filename().string());
    else if (is_image_ending(ending))
      found.images.push_back(entry);
    else
      ++found.others[ending];
  }
  return found;
}

/// "a, b and 3 more" of folders.
std::string listed(const std::vector<std::string>& paths) {
  constexpr std::size_t most = 5;
  std::string out;
  for (std::size_t i = 0; i < std::min(most, paths.size()); ++i) out += (i > 0 ? ", " : "") + printable(paths[i]);
  return paths.size() > most ? text(out, " and ", paths.size() - most, " more") : out;
}

/// Images one folder deeper than they are looked for: above the classes lie splits, say.
void refuse_nested(const fs::path& folder, const std::map<std::string, ClassFolder>& classes) {
  std::vector<std::string> above;
  for (const auto& [name, content] : classes) {
    if (!content.images.empty()) continue;
    const bool deeper = std::ranges::any_of(
        content.folders, [&](const std::string& inner) { return !scanned(folder / name / inner).images.empty(); });
    if (deeper) above.push_back((folder / name).string());
  }
  require(above.empty(), printable(folder.string()),
          " holds folders of class folders, where class folders are expected (", listed(above), "): give one of these",
          above.size() > 1 ? ", or each as a --domain of its own." : ".");
}

}  // namespace

FolderScan scan_class_folders(const fs::path& folder) {
  FolderScan scan;
  for (const fs::path& entry : sorted_entries(folder)) {
    std::error_code unknown;
    if (fs::is_directory(entry, unknown)) {
      scan.classes.emplace(entry.filename().string(), scanned(entry));
    } else if (is_image_ending(ending_of(entry))) {
      ++scan.beside;
    } else {
      require(!leads_nowhere(entry), printable(entry.string()), ", where a class folder could be, is a link to ",
              printable(fs::read_symlink(entry, unknown).string()), ", which is not there.");
    }
  }
  require(
      !scan.classes.empty(), "the folder ", printable(folder.string()),
      " has no class folders: images are expected as ", printable(folder.string()), "/<class>/<file>",
      scan.beside > 0 ? text(", and ", scan.beside, " lie in it without a class (--unlabelled takes them so).") : ".");
  refuse_nested(folder, scan.classes);
  return scan;
}

ClassFolder scan_images_below(const fs::path& folder) {
  ClassFolder found = scanned(folder);
  for (const std::string& inner : std::exchange(found.folders, {})) {
    ClassFolder deeper = scan_images_below(folder / inner);
    found.images.insert(found.images.end(), deeper.images.begin(), deeper.images.end());
    for (const auto& [ending, count] : deeper.others) found.others[ending] += count;
  }
  std::ranges::sort(found.images, {}, [](const fs::path& path) { return path.string(); });
  return found;
}

std::string problem_of(const fs::path& file) {
  std::error_code unknown;
  if (leads_nowhere(file))
    return text(printable(file.string()), " is a link to ", printable(fs::read_symlink(file, unknown).string()),
                ", which is not there: fetch the content (git annex get, git lfs pull), or remove the link.");
  if (!fs::is_regular_file(file, unknown)) return text(printable(file.string()), " is no regular file.");
  return "";
}

}  // namespace fedorbit
