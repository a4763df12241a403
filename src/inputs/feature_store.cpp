#include "inputs/feature_store.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <optional>
#include <thread>

#include "core/cache_folder.hpp"
#include "core/error.hpp"
#include "core/fingerprint.hpp"
#include "core/log.hpp"
#include "io/file.hpp"

namespace fedorbit {
namespace {

bool anyone(bool mine, Communicator& communicator) {
  Tensor flag = at::tensor(std::int64_t(mine));
  communicator.all_reduce(flag, Reduce::max);
  return flag.item<std::int64_t>() != 0;
}

/// At the root: the right to write the file, or nothing where it is there already or a signal came.
std::optional<FileLock> right_to_write(const std::filesystem::path& file, const volatile std::sig_atomic_t& signal) {
  for (bool told = false; !std::filesystem::exists(file) && signal == 0; told = true) {
    std::optional<FileLock> lock = FileLock::take(file);
    if (lock && !std::filesystem::exists(file)) return lock;
    if (!lock && !told) log::info("another run encodes the same images; waiting for it.");
    std::this_thread::sleep_for(std::chrono::milliseconds(lock ? 0 : 200));
  }
  return std::nullopt;
}

/// Collective. A node that keeps a store of its own gets a copy of the root's file.
void share_file(const std::filesystem::path& file, Communicator& communicator) {
  const bool missing = !std::filesystem::exists(file);
  if (!anyone(missing, communicator)) return;
  constexpr std::int64_t block_bytes = 1 << 26;
  Tensor size = at::tensor(communicator.root() ? std::int64_t(std::filesystem::file_size(file)) : std::int64_t{0});
  communicator.broadcast(size);
  std::ifstream source;
  if (communicator.root()) source.open(file, std::ios::binary);
  // Under a name of this process's own: another run may be at work on the same file.
  const std::filesystem::path mine = text(file.string(), ".", ::getpid());
  std::optional<AtomicFile> copy;
  if (missing && communicator.local_rank() == 0) {
    std::filesystem::create_directories(file.parent_path());
    copy.emplace(mine);
  }
  for (std::int64_t left = size.item<std::int64_t>(); left > 0;) {
    Tensor block = at::empty({std::min(left, block_bytes)}, at::kByte);
    if (communicator.root()) {
      source.read(static_cast<char*>(block.mutable_data_ptr()), block.numel());
      require(source.good(), file.string(), " cannot be read to its end.");
    }
    communicator.broadcast(block);
    if (copy) copy->write(block.const_data_ptr(), std::size_t(block.numel()));
    left -= block.numel();
  }
  if (copy) {
    copy->commit();
    std::filesystem::rename(mine, file);
  }
  communicator.barrier();
}

/// The first of the words that say how features were computed.
std::string precision_in(const std::string& arithmetic) { return arithmetic.substr(0, arithmetic.find(',')); }

FeatureSet checked(const std::filesystem::path& file, const FeatureOrigin& wanted, const EncodingOptions& encoding,
                   const Communicator& communicator) {
  FeatureSet set = open_features(file, {communicator.local_rank(), communicator.local_size()});
  require(set.labels.defined(), file.string(), " holds features of texts; features of images are needed.");
  require_origin(file, set.origin, wanted);
  require(set.of.patches.defined() || !encoding.patches, file.string(),
          " holds no patch features, which are asked for; encode it with --patches.");
  const std::int64_t views = set.of.view_features.defined() ? set.of.view_features.size(0) : 0;
  require(views >= encoding.views.count, file.string(), " holds ", views, " augmented views, but ",
          encoding.views.count, " are asked for.");
  // What was not asked for is not there: clients train on the views that they are given.
  if (!encoding.patches) set.of.patches = set.of.view_patches = Tensor();
  for (Tensor* table : {&set.of.view_features, &set.of.view_patches})
    if (table->defined()) *table = encoding.views.count > 0 ? table->narrow(0, 0, encoding.views.count) : Tensor();
  return set;
}

/// Where the features come from, and the bits of the first and the last image's.
std::uint64_t stamp(const FeatureSet& set) {
  const FeatureOrigin& origin = set.origin;
  std::string all = text(origin.data, "\n", origin.weights, "\n", origin.preprocessing, "\n", origin.views, "\n",
                         origin.arithmetic, "\n");
  for (const std::int64_t image : {std::int64_t(0), set.of.features.size(0) - 1}) {
    const Tensor row = set.of.features[image].contiguous();
    all.append(static_cast<const char*>(row.const_data_ptr()), row.nbytes());
  }
  return fingerprint(all);
}

/// Each rank may have a file of its own.
FeatureSet agreed(FeatureSet set, Communicator& communicator) {
  communicator.agree("image features", stamp(set));
  return set;
}

}  // namespace

FeatureSet imported_features(const std::filesystem::path& file, Communicator& communicator) {
  FeatureSet set = open_features(file, {communicator.local_rank(), communicator.local_size()});
  require(set.labels.defined(), file.string(), " holds features of texts; features of images are needed.");
  return agreed(std::move(set), communicator);
}

std::optional<FeatureSet> features_of(const Dataset& dataset, const Clip& clip, const EncodingOptions& encoding,
                                      const std::filesystem::path& named, const std::filesystem::path& store,
                                      at::Device device, Communicator& communicator,
                                      const volatile std::sig_atomic_t& signal) {
  const FeatureOrigin origin = image_origin(dataset, clip, encoding, device, communicator);
  if (!named.empty()) {
    if (communicator.root()) {  // so that one rank speaks for all
      const std::string arithmetic = checked(named, origin, encoding, communicator).origin.arithmetic;
      if (precision_in(arithmetic) != precision_in(origin.arithmetic))
        log::warning(named.string(), " holds features that were computed in ", precision_in(arithmetic),
                     "; this program's own would be ", precision_in(origin.arithmetic), ".");
    }
    communicator.barrier();
    return agreed(checked(named, origin, encoding, communicator), communicator);
  }
  const std::string key =
      sha256(text(feature_file::version, "\n", origin.data, "\n", origin.weights, "\n", origin.preprocessing, "\n",
                  origin.views, "\n", origin.arithmetic, "\n", encoding.views.count, "\n", encoding.patches));
  const std::filesystem::path folder = store.empty() ? cache_folder("features", "data.feature_store") : store;
  const std::filesystem::path file = folder / (key.substr(0, 16) + ".h5");
  std::optional<FileLock> lock;
  if (communicator.root() && !std::filesystem::exists(file)) {
    std::error_code failure;
    std::filesystem::create_directories(folder, failure);
    require(!failure, "the feature store ", folder.string(), " cannot be made: ", failure.message(),
            "; name another folder with data.feature_store.");
    if (auto right = right_to_write(file, signal)) lock.emplace(std::move(*right));
  }
  if (anyone(lock.has_value(), communicator) &&
      !encode_images_to(file, dataset, clip, encoding, device, communicator, signal, std::move(lock)))
    return std::nullopt;
  if (anyone(communicator.root() && !std::filesystem::exists(file), communicator)) return std::nullopt;  // a signal
  share_file(file, communicator);
  // Computed or not, what is used is what the file holds.
  return agreed(checked(file, origin, encoding, communicator), communicator);
}

}  // namespace fedorbit
