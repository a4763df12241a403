// A stream of batches of images, the next of which are in the making while one is learned from.
#pragma once
#include <atomic>
#include <deque>
#include <exception>
#include <functional>
#include <latch>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "algorithms/batch.hpp"
#include "core/task_threads.hpp"
#include "data/transform.hpp"
#include "inputs/image_memory.hpp"
#include "machine/copy_ahead.hpp"

namespace fedorbit {

/// Which picture of a stream it is.
struct SeenPlace {
  std::size_t step, client;  // of the stream and of the batch
  std::int64_t image, view;  // of the data set; from 0
};

class LiveStream final : public BatchStream {
 public:
  static constexpr std::size_t batches_ahead = 2;

  /// What it works with; all of it outlives the stream.
  struct Work {
    ImageMemory& memory;
    TaskThreads& threads;
    const std::optional<c10::Stream>& copying;
    at::Device device;
    Transform transform;
    Tensor labels;  // (N)
  };
  /// `seen`: (3, H, W) uint8 of any layout -> the view at that place, (3, S, S) uint8 contiguous; called by threads.
  using Seen = std::function<Tensor(const Tensor& image, const SeenPlace& place)>;

  LiveStream(Work work, std::vector<Picks> picks, const Needs& needs, Seen seen);
  /// Waits for images in hand.
  ~LiveStream() override;
  Batch next() override;

 private:
  /// A batch in the making.
  struct Making {
    explicit Making(std::ptrdiff_t images) : left(images) {}
    Tensor images;  // (K, V, B, 3, S, S): on a CPU float32, normalised; for a GPU uint8, in pinned memory
    std::latch left;
    std::mutex mutex;
    std::exception_ptr failure;  // of the image that stands first among those that failed
    std::size_t failed = SIZE_MAX;
    std::optional<CopyAhead> copy;
  };

  void begin();
  void make(Making& batch, std::size_t step, std::size_t client, std::size_t row) const;
  /// All images of the batch are there: on their way to the device, if they have not been before.
  void send_off(Making& batch, const Picks& picks) const;

  Work work_;
  std::vector<Picks> picks_;
  Needs needs_;
  Seen seen_;
  Tensor normalised_;  // (3, 256) of every byte
  std::size_t begun_ = 0, taken_ = 0;
  std::deque<std::shared_ptr<Making>> making_;
  std::atomic<bool> dropped_ = false;
};

}  // namespace fedorbit
