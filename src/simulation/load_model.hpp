// The CLIP that an experiment's [model] section names.
#pragma once
#include "model/clip.hpp"
#include "simulation/experiment.hpp"

namespace fedorbit {

/// In float32 on the CPU. What neither the file nor its configuration says is in the result's `assumption`, which the
/// root should log.
Clip load_model(const ModelOptions& options);

}  // namespace fedorbit
