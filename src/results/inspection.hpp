// What a file is, in a screenful: weights, data, features, results, checkpoints, array files.
#pragma once
#include <filesystem>
#include <string>

namespace fedorbit {

/// Lines of text. Reads headers, not contents; changes nothing. A file that a killed process left under its temporary
/// name is read as far as it goes. Throws where the file is none of those, or is damaged.
std::string inspection_of(const std::filesystem::path& path);

}  // namespace fedorbit
