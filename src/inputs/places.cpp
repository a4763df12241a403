#include "inputs/places.hpp"

#include <ATen/ops/zeros.h>

#include "core/error.hpp"

namespace fedorbit {
namespace {

class MadeOnDemand final : public BatchStream {
 public:
  MadeOnDemand(std::vector<Picks> picks, std::function<Batch(const Picks&, std::size_t)> make)
      : picks_(std::move(picks)), make_(std::move(make)) {}
  Batch next() override {
    const std::size_t place = next_++;
    return make_(picks_.at(place), place);
  }

 private:
  std::vector<Picks> picks_;
  std::function<Batch(const Picks&, std::size_t)> make_;
  std::size_t next_ = 0;
};

}  // namespace

Places places_of(const Picks& picks) {
  const auto K = std::int64_t(picks.images.size()), B = picks.width;
  Places out{at::zeros({K, B}, at::kLong), at::zeros({K, B}), at::zeros({K})};
  auto* image = out.image.mutable_data_ptr<std::int64_t>();
  auto *present = out.present.mutable_data_ptr<float>(), *active = out.active.mutable_data_ptr<float>();
  for (std::int64_t k = 0; k < K; ++k) {
    const auto& mine = picks.images[std::size_t(k)];
    const auto count = std::int64_t(mine.size());
    require(count <= B, count, " images were picked for a batch of ", B, ".");
    if (count == 0) continue;
    active[k] = 1;
    for (std::int64_t b = 0; b < B; ++b) {
      image[k * B + b] = mine[std::size_t(b < count ? b : 0)];
      present[k * B + b] = b < count;
    }
  }
  return out;
}

std::unique_ptr<BatchStream> stream_of(std::vector<Picks> picks, std::function<Batch(const Picks&, std::size_t)> make) {
  return std::make_unique<MadeOnDemand>(std::move(picks), std::move(make));
}

}  // namespace fedorbit
