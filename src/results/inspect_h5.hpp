// HDF5 files in words, each kind by what matters in it.
#pragma once
#include <filesystem>
#include <string>

namespace fedorbit {

std::string inspect_h5(const std::filesystem::path& path);

}  // namespace fedorbit
