// The feature store: one file for each (data set, weights, preprocessing, views, arithmetic) in a folder, made when it
// is first asked for.
#pragma once
#include "inputs/encode.hpp"

namespace fedorbit {

/// Collective. The features of a run: from `file` where it is named, which must hold what is asked for; else from the
/// feature store `store` (empty: ${XDG_CACHE_HOME:-~/.cache}/fedorbit/features), where they are encoded first if they
/// are missing. Nothing where a signal ended that.
std::optional<FeatureSet> features_of(const Dataset& dataset, const Clip& clip, const EncodingOptions& encoding,
                                      const std::filesystem::path& file, const std::filesystem::path& store,
                                      at::Device device, Communicator& communicator,
                                      const volatile std::sig_atomic_t& signal);

/// Collective. Features that another program computed, as the file holds them; the ranks of a node check it together.
FeatureSet imported_features(const std::filesystem::path& file, Communicator& communicator);

}  // namespace fedorbit
