// Which program this is.
#pragma once

namespace fedorbit {
extern const char* const version;  // of the release
extern const char* const commit;   // it was built from
}  // namespace fedorbit
