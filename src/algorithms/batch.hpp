// What clients learn from and exams ask about: batches, what a learner wants in them, and where they come from.
#pragma once
#include <c10/core/Device.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "core/client_id.hpp"
#include "core/tensor.hpp"
#include "data/transform.hpp"

namespace fedorbit {

/// A batch for a group of K clients; the client axis comes first everywhere.
struct Batch {
  Tensor images;    // (K, V, B, 3, H, W) float32, normalised, V views; undefined where features stand in
  Tensor features;  // (K, B, d), raw: as the tower gives them; learners normalise
  Tensor patches;   // (K, B, M, d); only for learners that ask
  Tensor labels;    // (K, B) int64; undefined for learners without labels
  Tensor present;   // (K, B) float32, 1 for a real sample: a client's last batch may be short
  Tensor active;    // (K) float32, 1 while the client still has batches: an inactive client does not change by a bit
  Tensor places;    // (K, B) int64, of images in the data set: by these they draw; only with images
};

/// What a learner wants in its batches, or a classifier in those that it labels.
struct Needs {
  bool features = true, patches = false, labels = true;
  std::int64_t views = 0, image_size = 0;             // of Batch::images, none where views is 0; pixels of their sides
  Normalisation normalisation = Normalisation::clip;  // of images: what the weights were trained with
};

/// The images of one batch, by their places in the data set.
struct Picks {
  std::vector<std::vector<std::int64_t>> images;  // of each of K clients, at most `width`; a client without is inactive
  std::int64_t width = 0;                         // B: rows beyond a client's images repeat its first, not `present`
};

/// All of these images for a single model.
inline Picks picked(std::span<const std::int64_t> images) {
  return {{{images.begin(), images.end()}}, std::int64_t(images.size())};
}

/// Who trains on the batches, and when: images are then seen in views that are drawn; one that comes again in the same
/// stream is seen anew.
struct Occasion {
  std::int64_t round;
  std::vector<ClientId> clients;  // K
};

/// Batches that come in a known order. One thread asks.
class BatchStream {
 public:
  virtual ~BatchStream() = default;
  /// The next, on the device; as many as were picked.
  virtual Batch next() = 0;
};

/// Where batches come from; it outlives its streams. Bits depend on the picks, the needs and the occasion alone.
class Batches {
 public:
  virtual ~Batches() = default;
  /// Batches of these images one after another; without an occasion, as they are. Throws where the source has not what
  /// is needed.
  virtual std::unique_ptr<BatchStream> stream(std::vector<Picks> picks, const Needs& needs,
                                              std::optional<Occasion> occasion = std::nullopt) const = 0;
  /// The only one of a stream.
  Batch batch(Picks picks, const Needs& needs, std::optional<Occasion> occasion = std::nullopt) const {
    return stream({std::move(picks)}, needs, std::move(occasion))->next();
  }
  /// About how much memory of the host such batches of so many images in all take, but the one that was handed out.
  virtual double bytes(const Needs&, std::int64_t images) const { return 0; }
  virtual at::Device device() const = 0;
};

}  // namespace fedorbit
