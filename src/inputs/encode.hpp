// Features of whole data sets and of lists of texts: computed once by all ranks together, piece by piece into a file.
#pragma once
#include <csignal>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "comm/communicator.hpp"
#include "data/augment.hpp"
#include "data/dataset.hpp"
#include "data/features.hpp"
#include "io/file_lock.hpp"
#include "model/clip.hpp"

namespace fedorbit {

/// What is to be encoded of every image.
struct EncodingOptions {
  bool patches = false;
  bool half = false;  // kept as float16; computed as the weights are
  ViewOptions views;
};

/// What features of these images would say of where they come from.
FeatureOrigin image_origin(const Dataset& dataset, const Clip& clip, const EncodingOptions& encoding, at::Device device,
                           Communicator& communicator);

/// Collective. Encodes in fixed chunks into the file, which has the same bytes on any number of ranks; goes on where an
/// earlier call was killed. False where a non-zero `signal` on any rank ended it before the file was whole. The root
/// may bring a lock on the file.
bool encode_images_to(const std::filesystem::path& file, const Dataset& dataset, const Clip& clip,
                      const EncodingOptions& encoding, at::Device device, Communicator& communicator,
                      const volatile std::sig_atomic_t& signal, std::optional<FileLock> lock = std::nullopt);

/// The same for texts, as they are.
bool encode_texts_to(const std::filesystem::path& file, const std::vector<std::string>& texts, const Clip& clip,
                     bool half, at::Device device, Communicator& communicator,
                     const volatile std::sig_atomic_t& signal);

/// Collective. Raw text features (N, d) float32 on every rank, the same on any number of ranks.
Tensor encode_texts(const std::vector<std::string>& texts, const Clip& clip, at::Device device,
                    Communicator& communicator);

}  // namespace fedorbit
