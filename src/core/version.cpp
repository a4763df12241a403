#include "core/version.hpp"

namespace fedorbit {
const char* const version = FEDORBIT_VERSION;
const char* const commit = FEDORBIT_COMMIT;
}  // namespace fedorbit
