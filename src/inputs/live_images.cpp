#include "inputs/live_images.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/flip.h>

#include "core/error.hpp"
#include "data/augment.hpp"
#include "inputs/places.hpp"
#include "machine/send.hpp"

namespace fedorbit {
std::unique_ptr<BatchStream> LiveImages::stream(std::vector<Picks> picks, const Needs& needs,
                                                std::optional<Occasion> occasion) const {
  require(!needs.features && !needs.patches, "features were asked for where images are read.");
  const Transform transform = transform_for(options_.normalisation, needs.image_size);
  const auto view_of = [this, transform, occasion](std::int64_t image, std::size_t step, std::size_t k,
                                                   std::int64_t view) {
    const Tensor pixels = dataset_.image(image).permute({2, 0, 1});
    if (!occasion) return transform.square(pixels);
    Stream draws = keys_.within(std::uint64_t(occasion->round), std::uint64_t(occasion->clients[k]))
                       .within(step, std::uint64_t(view))
                       .stream(Purpose::live_view, std::uint64_t(image));
    if (options_.smallest_crop < 1)
      return random_view(pixels, transform.image_size, options_.smallest_crop, options_.flip, draws);
    const Tensor square = transform.square(pixels);
    return options_.flip && draws.below(2) == 1 ? at::flip(square, {2}) : square;
  };
  return stream_of(std::move(picks), [this, needs, transform, view_of](const Picks& now, std::size_t step) {
    const auto K = std::int64_t(now.images.size()), size = transform.image_size;
    Tensor squares = at::empty({K, needs.views, now.width, 3, size, size}, at::kByte);
    for (std::int64_t k = 0; k < K; ++k) {
      const auto& mine = now.images[std::size_t(k)];
      if (mine.empty()) squares[k].zero_();
      for (std::int64_t view = 0; view < needs.views && !mine.empty(); ++view) {
        const Tensor row = squares[k][view];  // (B, 3, S, S)
        for (std::size_t b = 0; b < mine.size(); ++b)
          row[std::int64_t(b)].copy_(view_of(mine[b], step, std::size_t(k), view));
        for (auto b = std::int64_t(mine.size()); b < now.width; ++b) row[b].copy_(row[0]);
      }
    }
    const Places places = places_of(now);
    Batch batch;
    batch.images = transform.normalised(sent(squares, device_));
    if (needs.labels)
      batch.labels = sent(dataset_.labels().index_select(0, places.image.flatten()).view_as(places.image), device_);
    batch.present = sent(places.present, device_);
    batch.active = sent(places.active, device_);
    return batch;
  });
}

}  // namespace fedorbit
