// Image features of a whole data set: computed once by all ranks together, kept in the feature store.
#pragma once
#include <filesystem>

#include "comm/communicator.hpp"
#include "data/dataset.hpp"
#include "data/features.hpp"
#include "model/clip.hpp"

namespace fedorbit {

/// Collective. Reads the features of (data set, weights, preprocessing) from `store`, or computes them in fixed chunks
/// of images and writes them there. Features are the same on any number of ranks.
Features features_of(const Dataset& dataset, const Clip& clip, bool with_patches, const std::filesystem::path& store,
                     at::Device device, Communicator& communicator);

/// ${XDG_CACHE_HOME:-~/.cache}/fedorbit/features.
std::filesystem::path default_feature_store();

}  // namespace fedorbit
