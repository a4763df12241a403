// Picks as tensors, and streams whose batches are made one by one when they are asked for.
#pragma once
#include <functional>

#include "algorithms/batch.hpp"

namespace fedorbit {

/// Which image stands where in a batch, on the CPU.
struct Places {
  Tensor image;    // (K, B) int64, image 0 for clients without
  Tensor present;  // (K, B) float32
  Tensor active;   // (K) float32
};
Places places_of(const Picks& picks);

/// `make` is told the place of the picks in the stream, too.
std::unique_ptr<BatchStream> stream_of(std::vector<Picks> picks,
                                       std::function<Batch(const Picks&, std::size_t place)> make);

}  // namespace fedorbit
