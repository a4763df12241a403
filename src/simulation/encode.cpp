#include "simulation/encode.hpp"

#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/GradMode.h>
#include <torch/headeronly/version.h>

#include <algorithm>
#include <cstdlib>

#include "core/clock.hpp"
#include "core/error.hpp"
#include "core/log.hpp"
#include "core/version.hpp"
#include "data/transform.hpp"
#include "io/file.hpp"
#include "model/vision.hpp"

namespace fedorbit {
namespace {

constexpr std::int64_t encoded_at_once = 32;  // images that are encoded at once

/// The features of images [first, first + encoded_at_once), padded with zeros past the last.
VisionFeatures encode_chunk(const Dataset& dataset, const Clip& clip, const Transform& transform, std::int64_t first,
                            bool with_patches, at::Device device) {
  std::vector<Tensor> squares;
  for (std::int64_t i = first; i < std::min(first + encoded_at_once, dataset.size()); ++i)
    squares.push_back(transform.square(dataset.image(i).permute({2, 0, 1})));
  // The last chunk is as wide as the others: bits may depend on the number of rows.
  while (std::int64_t(squares.size()) < encoded_at_once) squares.push_back(at::zeros_like(squares.front()));
  return encode_images(clip.tensors, clip.config, transform.normalised(at::stack(squares).to(device)), with_patches);
}

/// Takes the chunks in waves of one a rank; every rank ends with all of them.
Features compute(const Dataset& dataset, const Clip& clip, bool with_patches, at::Device device,
                 Communicator& communicator) {
  const at::NoGradGuard no_gradient;
  const Transform transform{clip.config.vision.image_size};
  const std::int64_t chunks = (dataset.size() + encoded_at_once - 1) / encoded_at_once, d = clip.config.embed_dim;
  Features all{at::empty({chunks * encoded_at_once, d}, at::kFloat), {}};
  if (with_patches) all.patches = at::empty({chunks * encoded_at_once, clip.config.vision.patches(), d}, at::kFloat);
  const Stopwatch watch;
  double reported = 0;
  for (std::int64_t wave = 0; wave < chunks; wave += communicator.size()) {
    // A rank without a chunk of its own repeats the last one, so that all take part in every collective.
    const std::int64_t mine = std::min(wave + communicator.rank(), chunks - 1);
    const VisionFeatures encoded = encode_chunk(dataset, clip, transform, mine * encoded_at_once, with_patches, device);
    const std::int64_t fresh = std::min<std::int64_t>(communicator.size(), chunks - wave);
    auto place = [&](const Tensor& part, Tensor& whole) {
      const Tensor rows = communicator.all_gather(part.contiguous()).narrow(0, 0, fresh).flatten(0, 1);
      whole.narrow(0, wave * encoded_at_once, fresh * encoded_at_once).copy_(rows);
    };
    place(encoded.features, all.features);
    if (with_patches) place(encoded.patches, all.patches);
    if (communicator.root() && watch.seconds() - reported > 5) {
      reported = watch.seconds();
      log::info("encoding images: ", std::min((wave + fresh) * encoded_at_once, dataset.size()), " of ",
                dataset.size());
    }
  }
  all.features = all.features.narrow(0, 0, dataset.size());
  if (with_patches) all.patches = all.patches.narrow(0, 0, dataset.size());
  if (communicator.root()) log::info("encoded ", dataset.size(), " images in ", watch.seconds(), " s");
  return all;
}

}  // namespace

std::filesystem::path default_feature_store() {
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache && *cache)
    return std::filesystem::path(cache) / "fedorbit" / "features";
  const char* home = std::getenv("HOME");
  require(home && *home, "neither XDG_CACHE_HOME nor HOME is set: name a folder with data.feature_store.");
  return std::filesystem::path(home) / ".cache" / "fedorbit" / "features";
}

Features features_of(const Dataset& dataset, const Clip& clip, bool with_patches, const std::filesystem::path& store,
                     at::Device device, Communicator& communicator) {
  // All that bits may depend on.
  const FeatureOrigin origin{dataset.checksum(), clip.checksum,
                             text("CLIP, ", clip.config.vision.image_size, " pixels, float32, ",
                                  device.is_cuda() ? "cuda" : at::get_cpu_capability(), ", ", at::get_num_threads(),
                                  " threads, LibTorch ", TORCH_VERSION, ", FedOrbit ", version)};
  const std::string key = sha256(origin.data + origin.weights + origin.preprocessing).substr(0, 16);
  const std::filesystem::path file = store / (key + (with_patches ? ".patches" : "") + ".h5");
  // A node may have a store of its own: where one lacks the file, all compute it together.
  Tensor missing = at::zeros({1}, at::kLong);
  missing.fill_(std::int64_t(!std::filesystem::exists(file)));
  communicator.all_reduce(missing, Reduce::max);
  if (missing.item<std::int64_t>() != 0) {
    const Features features = compute(dataset, clip, with_patches, device, communicator);
    if (communicator.local_rank() == 0) {
      std::error_code failure;
      std::filesystem::create_directories(store, failure);
      require(!failure, "the feature store ", store.string(), " cannot be made: ", failure.message(),
              "; name another folder with data.feature_store.");
      write_features(file, features, origin);
    }
    communicator.barrier();
  }
  // Computed or not, what is used is what the file holds.
  return read_features(file, origin);
}

}  // namespace fedorbit
