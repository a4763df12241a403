// The number of a client: 0 to clients - 1.
#pragma once
#include <cstdint>

namespace fedorbit {
using ClientId = std::int64_t;
}
