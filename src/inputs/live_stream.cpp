#include "inputs/live_stream.hpp"

#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>

#include <algorithm>

#include "inputs/places.hpp"
#include "machine/send.hpp"

namespace fedorbit {

LiveStream::LiveStream(Work work, std::vector<Picks> picks, const Needs& needs, Seen seen)
    : work_(std::move(work)), picks_(std::move(picks)), needs_(needs), seen_(std::move(seen)) {
  const Tensor bytes = at::arange(256).to(at::kByte).view({1, 256, 1}).expand({3, 256, 1});
  normalised_ = work_.transform.normalised(bytes).contiguous();
  while (begun_ < std::min(batches_ahead, picks_.size())) begin();
}

LiveStream::~LiveStream() {
  dropped_ = true;
  for (const auto& batch : making_) batch->left.wait();
}

void LiveStream::begin() {
  const std::size_t step = begun_++;
  const Picks& picks = picks_.at(step);
  const std::int64_t size = work_.transform.image_size;
  std::ptrdiff_t images = 0;
  for (const auto& row : picks.images) images += std::ptrdiff_t(row.size());
  const auto batch = std::make_shared<Making>(images);
  const bool host = work_.device.is_cpu();
  batch->images = at::empty({std::int64_t(picks.images.size()), needs_.views, picks.width, 3, size, size},
                            at::TensorOptions(host ? at::kFloat : at::kByte).pinned_memory(!host));
  std::vector<std::function<void()>> tasks;
  for (std::size_t client = 0; client < picks.images.size(); ++client)
    for (std::size_t row = 0; row < picks.images[client].size(); ++row)
      tasks.push_back([this, batch, step, client, row, place = tasks.size()] {
        try {
          if (!dropped_) make(*batch, step, client, row);
        } catch (...) {
          const std::lock_guard lock(batch->mutex);
          if (place < batch->failed) batch->failed = place, batch->failure = std::current_exception();
        }
        batch->left.count_down();
      });
  making_.push_back(batch);
  work_.threads.add(std::move(tasks));
}

void LiveStream::make(Making& batch, std::size_t step, std::size_t client, std::size_t row) const {
  const std::int64_t image = picks_[step].images[client][row], size = work_.transform.image_size,
                     pixels = size * size;  // of a channel
  const Tensor read = work_.memory.image(image);
  for (std::int64_t view = 0; view < needs_.views; ++view) {
    const Tensor square = seen_(read, {step, client, image, view});
    const auto* bytes = square.const_data_ptr<std::uint8_t>();
    const std::int64_t place =
        ((std::int64_t(client) * needs_.views + view) * batch.images.size(2) + std::int64_t(row)) * 3 * pixels;
    if (!work_.device.is_cpu()) {
      std::copy_n(bytes, 3 * pixels, batch.images.mutable_data_ptr<std::uint8_t>() + place);
      continue;
    }
    float* out = batch.images.mutable_data_ptr<float>() + place;
    for (int channel = 0; channel < 3; ++channel) {
      const float* of_byte = normalised_.const_data_ptr<float>() + channel * 256;
      for (std::int64_t i = 0; i < pixels; ++i) *out++ = of_byte[*bytes++];
    }
  }
}

void LiveStream::send_off(Making& batch, const Picks& picks) const {
  if (batch.copy) return;
  if (batch.failure) std::rethrow_exception(batch.failure);
  for (std::size_t client = 0; client < picks.images.size(); ++client) {
    const Tensor mine = batch.images[std::int64_t(client)];  // (V, B, 3, S, S)
    const auto count = std::int64_t(picks.images[client].size()), padding = picks.width - count;
    if (count == 0)
      mine.zero_();
    else if (padding > 0)
      mine.narrow(1, count, padding).copy_(mine.narrow(1, 0, 1));
  }
  batch.copy.emplace(batch.images, work_.device, work_.copying);
}

Batch LiveStream::next() {
  if (begun_ == taken_) begin();
  const std::shared_ptr<Making> now = making_.front();
  const Picks& picks = picks_[taken_];
  now->left.wait();
  making_.pop_front();
  ++taken_;
  send_off(*now, picks);
  while (begun_ < std::min(taken_ + batches_ahead, picks_.size())) begin();
  // What is whole already goes to the device while this batch is computed with.
  if (!making_.empty() && making_.front()->left.try_wait() && !making_.front()->failure)
    send_off(*making_.front(), picks_[taken_]);

  const Places places = places_of(picks);
  Batch batch;
  batch.images = now->copy->take();
  if (!work_.device.is_cpu()) batch.images = work_.transform.normalised(batch.images);
  if (needs_.labels)
    batch.labels = sent(work_.labels.index_select(0, places.image.flatten()).view_as(places.image), work_.device);
  batch.present = sent(places.present, work_.device);
  batch.active = sent(places.active, work_.device);
  batch.places = sent(places.image, work_.device);
  return batch;
}

}  // namespace fedorbit
