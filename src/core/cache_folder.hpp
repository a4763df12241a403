// Where the user keeps what can be made again.
#pragma once
#include <filesystem>
#include <string>

namespace fedorbit {

/// ${XDG_CACHE_HOME:-~/.cache}/fedorbit/`name`. Throws where neither XDG_CACHE_HOME nor HOME is set; `instead` is the
/// option that names another folder.
std::filesystem::path cache_folder(const std::string& name, const std::string& instead);

}  // namespace fedorbit
