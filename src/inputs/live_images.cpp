#include "inputs/live_images.hpp"

#include <algorithm>

#include "core/error.hpp"
#include "data/augment.hpp"
#include "inputs/live_stream.hpp"

namespace fedorbit {

struct LiveImages::Readers {
  Readers(const Dataset& dataset, const ReadingOptions& reading, at::Device device)
      : memory(dataset, reading.kept_bytes), threads(reading.threads), copying(copying_stream(device)) {}
  ImageMemory memory;
  TaskThreads threads;
  std::optional<c10::Stream> copying;
};

namespace {

/// (3, H, W) uint8 -> what the stream makes of it, (3, S, S) uint8.
Tensor drawn_view(const Tensor& image, const Transform& transform, const LiveImageOptions& options, Stream& draws) {
  Tensor view = options.smallest_crop < 1
                    ? random_view(image, transform.image_size, options.smallest_crop, options.flip, draws)
                    : transform.square(image, options.flip && draws.below(2) == 1);
  if (options.vertical_flip && draws.below(2) == 1) view = view.flip({1}).contiguous();
  if (options.quarter_turns) view = view.rot90(std::int64_t(draws.below(4)), {1, 2}).contiguous();
  if (options.colours.any()) view = disturbed(view, Disturbance::drawn(options.colours, transform.image_size, draws));
  return view;
}

}  // namespace

LiveImages::LiveImages(const Dataset& dataset, const LiveImageOptions& options, at::Device device, Keys keys,
                       const ReadingOptions& reading)
    : dataset_(dataset), options_(options), device_(device), keys_(keys), reading_(reading) {}

LiveImages::~LiveImages() = default;

std::unique_ptr<BatchStream> LiveImages::stream(std::vector<Picks> picks, const Needs& needs,
                                                std::optional<Occasion> occasion) const {
  require(!needs.features && !needs.patches, "features were asked for where images are read.");
  if (!readers_) readers_ = std::make_unique<Readers>(dataset_, reading_, device_);
  const Transform transform = transform_for(needs.image_size, needs.normalisation);
  const auto seen = [options = options_, keys = keys_, transform, occasion = std::move(occasion)](
                        const Tensor& image, const SeenPlace& place) {
    if (!occasion) return transform.square(image);
    Stream draws = keys.within(std::uint64_t(occasion->round), std::uint64_t(occasion->clients[place.client]))
                       .within(place.step, std::uint64_t(place.view))
                       .stream(Purpose::live_view, std::uint64_t(place.image));
    return drawn_view(image, transform, options, draws);
  };
  return std::make_unique<LiveStream>(
      LiveStream::Work{readers_->memory, readers_->threads, readers_->copying, device_, transform, dataset_.labels()},
      std::move(picks), needs, seen);
}

double LiveImages::bytes(const Needs& needs, std::int64_t images) const {
  const double pixels = double(needs.views * 3 * needs.image_size * needs.image_size);
  const double ahead =
      (LiveStream::batches_ahead + 1) * double(images) * pixels * (device_.is_cpu() ? sizeof(float) : 1);
  return ahead + std::min(reading_.kept_bytes, dataset_.image_bytes());
}

}  // namespace fedorbit
