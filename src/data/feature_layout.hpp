// The parts of a feature file that do not depend on how its numbers come into it.
#pragma once
#include "data/feature_writer.hpp"
#include "io/h5.hpp"

namespace fedorbit {

constexpr std::int64_t feature_page = 4096;  // bytes: where tables begin, so that they can be mapped

/// Attributes, labels, names, texts and prompts, and empty tables for the numbers.
void lay_out_features(h5::File& file, const FeatureShape& shape, const FeatureSet& about);

}  // namespace fedorbit
