#include "core/version.hpp"

#include <built_from.hpp>  // written by src/built_from.cmake

namespace fedorbit {
const char* const version = FEDORBIT_VERSION;
const char* const commit = built_from;
std::string build() { return std::string(version) + " of commit " + commit; }
}  // namespace fedorbit
