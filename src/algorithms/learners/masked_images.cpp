#include "algorithms/learners/masked_images.hpp"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/error.hpp"
#include "model/towers/patches.hpp"

namespace fedorbit {

MaskedImages::MaskedImages(std::string section, const AlignedOptions& options, const Material& material, double hidden)
    : AlignedNetwork(section, options, material), transformer_(dynamic_cast<const VisionTransformer*>(&backbone())) {
  require(transformer_, section, ".architecture = \"", options.architecture, "\": what is hidden are patches of a ",
          "vision transformer (", section, ".architecture = \"vit_small_patch16\", ...).");
  hidden_ = std::llround(hidden * double(patches()));
  require(hidden_ > 0 && hidden_ < patches(), section, ".hidden = ", hidden, " of the ", patches(),
          " patches of an image of ", backbone().image_size(), " pixels are ", hidden_,
          ": some must be hidden, and some seen; take larger images, or another share.");
}

std::int64_t MaskedImages::pixels() const {
  return 3 * transformer_->config().patch_size * transformer_->config().patch_size;
}

Tensor MaskedImages::rows_at(const Tensor& rows, const Tensor& places) {
  return rows.gather(1, places.unsqueeze(2).expand({-1, -1, rows.size(2)}));
}

Tensor MaskedImages::pixels_at(const Tensor& images, const Tensor& places) const {
  return rows_at(cut_patches(images, transformer_->config().patch_size), places);
}

Tensor MaskedImages::loss(const Parameters& parameters, const Batch& batch, Turn& turn) {
  const Tensor places = batch.places.cpu();  // (K, B)
  return for_each_client(parameters, batch, turn, [&](std::int64_t k, const Tensor& images, const Tensor&) {
    const std::int64_t count = images.size(1);
    Tensor order = at::empty({count, patches()}, at::kLong);
    const Keys keys = turn.keys.within(std::uint64_t(turn.round), std::uint64_t(turn.clients[std::size_t(k)]))
                          .within(std::uint64_t(turn.step), 0);
    for (std::int64_t b = 0; b < count; ++b) {
      const std::span<std::int64_t> row(order.mutable_data_ptr<std::int64_t>() + b * patches(), std::size_t(patches()));
      std::iota(row.begin(), row.end(), 0);
      keys.stream(Purpose::mask, std::uint64_t(places[k][b].item<std::int64_t>())).shuffle(row);
    }
    order = order.to(images.device());
    const NamedTensors model = model_of(parameters, k, true);
    const Restored restored =
        of_images(model, images[0], {order.narrow(1, 0, hidden_), order.narrow(1, hidden_, patches() - hidden_)});
    return aligns() ? restored.loss + pull(model, parameters, k, {{images[0], restored.features}}) : restored.loss;
  });
}

}  // namespace fedorbit
