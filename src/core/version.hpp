// Which program this is.
#pragma once
#include <string>

namespace fedorbit {
extern const char* const version;  // of the release
extern const char* const commit;   // it was built from
/// Both in one: runs of the same build give the same numbers.
inline std::string build() { return std::string(version) + " of commit " + commit; }
}  // namespace fedorbit
