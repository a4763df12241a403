#include "core/cache_folder.hpp"

#include <cstdlib>

#include "core/error.hpp"

namespace fedorbit {

std::filesystem::path cache_folder(const std::string& name, const std::string& instead) {
  const char *cache = std::getenv("XDG_CACHE_HOME"), *home = std::getenv("HOME");
  const bool named = cache && *cache;
  require(named || (home && *home), "neither XDG_CACHE_HOME nor HOME is set; say where with ", instead, ".");
  return (named ? std::filesystem::path(cache) : std::filesystem::path(home) / ".cache") / "fedorbit" / name;
}

}  // namespace fedorbit
