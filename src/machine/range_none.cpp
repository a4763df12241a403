#include "machine/range.hpp"

namespace fedorbit {

Range::Range(const char*) {}
Range::~Range() {}

}  // namespace fedorbit
