#include "core/version.hpp"

#include <built_from.hpp>  // written by src/built_from.cmake

namespace fedorbit {
const char* const version = FEDORBIT_VERSION;
const char* const commit = built_from;
}  // namespace fedorbit
