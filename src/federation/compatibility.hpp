// Whether the parts of a run go together: what does not is refused before anything is trained or written.
#pragma once
#include "federation/assemble.hpp"

namespace fedorbit {

/// Throws a sentence that names the options which do not go together, and what would.
void require_compatible(const Experiment& experiment, const Parts& parts, const Labelled& data);

}  // namespace fedorbit
