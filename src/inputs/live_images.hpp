// Batches of images that are read from the data set whenever they are asked for: cropped, mirrored, resized, normalised
// and moved to the device ahead of who learns from them, by threads of their own.
#pragma once
#include <memory>

#include "algorithms/batch.hpp"
#include "core/keys.hpp"
#include "core/options.hpp"
#include "data/colours.hpp"
#include "data/dataset.hpp"

namespace fedorbit {

/// How images are seen by what trains on them; what labels them sees them whole.
struct LiveImageOptions {
  double smallest_crop = 1;
  bool flip = false, vertical_flip = false, quarter_turns = false;
  ColourOptions colours;
  void fields(OptionList& v) {
    v("smallest_crop", smallest_crop, "",
      "the least share of an image's area that a random crop shows to a client that trains on it; 1: no crops, images "
      "are seen as when they are labelled",
      0.01, 1);
    v("flip", flip, "whether every other image that a client trains on is mirrored");
    v("vertical_flip", vertical_flip, "whether every other one is upside down: seen from above, either way is right");
    v("quarter_turns", quarter_turns, "whether they are turned by 0, 90, 180 or 270 degrees");
    colours.fields(v);
  }
};

/// What reading ahead may take; no number depends on it.
struct ReadingOptions {
  int threads = 1;
  double kept_bytes = 0;  // of decoded images that stay in memory
};

class LiveImages final : public Batches {
 public:
  /// The data set outlives it. Threads begin at the first stream.
  LiveImages(const Dataset& dataset, const LiveImageOptions& options, at::Device device, Keys keys,
             const ReadingOptions& reading = {});
  ~LiveImages() override;

  /// Images of Needs::image_size pixels. On an occasion each view of an image is what (round, client, step, image,
  /// view) draw; without one it is the image resized, its centre cut out (CLIP's preprocessing). What goes wrong with
  /// an image is thrown by next() of its batch.
  std::unique_ptr<BatchStream> stream(std::vector<Picks> picks, const Needs& needs,
                                      std::optional<Occasion> occasion = std::nullopt) const override;
  double bytes(const Needs& needs, std::int64_t images) const override;
  at::Device device() const override { return device_; }

 private:
  struct Readers;

  const Dataset& dataset_;
  LiveImageOptions options_;
  at::Device device_;
  Keys keys_;
  ReadingOptions reading_;
  mutable std::unique_ptr<Readers> readers_;
};

}  // namespace fedorbit
