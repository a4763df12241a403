// Making a data set file: from class folders, or from synthetic scenes.
#pragma once
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "data/folder.hpp"
#include "data/synthetic.hpp"
#include "io/images.hpp"

namespace fedorbit {

struct Preparation {
  std::int64_t resize = 0;  // pixels: images whose shorter side is longer are reduced to it; 0: none
  int threads = 1;          // cannot be seen in the file
  std::function<void(std::int64_t done, std::int64_t total)> progress = [](std::int64_t, std::int64_t) {};
};

struct Prepared {
  std::int64_t images = 0, pixel_bytes = 0;
  std::vector<std::string> skipped;  // one sentence each
  std::string checksum;
};

/// Decodes all images into `output`. Files that do not decode: an error that lists all of them, and no file is written;
/// with `skip_bad` they are left out and listed in the file, unless a class would lose all of its images.
Prepared prepare_folders(const ClassFolders& folders, const ImageOptions& images, bool skip_bad,
                         const std::filesystem::path& output, const Preparation& preparation);

/// Draws all scenes into `output`.
Prepared prepare_synthetic(const SyntheticOptions& options, const std::filesystem::path& output,
                           const Preparation& preparation);

/// Scenes side by side: a row for each class, `columns` scenes of each domain.
Image contact_sheet(SyntheticOptions options, std::int64_t columns);

}  // namespace fedorbit
