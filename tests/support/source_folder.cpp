#include "support/source_folder.hpp"

#include <cstdlib>

namespace fedorbit {

std::filesystem::path source_folder() {
  const char* named = std::getenv("FEDORBIT_SOURCE");
  return named ? named : FEDORBIT_SOURCE_DIR;
}

}  // namespace fedorbit
