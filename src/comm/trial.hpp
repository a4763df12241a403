// Something that may crash or never end, tried where that costs nothing.
#pragma once
#include <functional>

namespace fedorbit {

/// Whether `work` returns true within so many seconds, in a child of this process, whose words nobody hears. To be
/// asked before this process has threads, MPI or a GPU: a child inherits none of them in a state of any use.
bool goes_well(const std::function<bool()>& work, unsigned seconds);

}  // namespace fedorbit
