// Pillow's bicubic resize of bytes, to the same bits: what every square, crop and view of an image is made by.
#pragma once
#include <cstdint>

namespace fedorbit {

/// A window of an image in memory: (rows, columns, channels) bytes, `stride` bytes from row to row.
struct Window {
  const std::uint8_t* first;
  std::int64_t rows, columns, channels, stride;
};

/// (rows, columns, channels) -> (channels, height, width) at `out`, mirrored or not; nothing is empty. The filter's
/// support grows with the reduction (so it is antialiased), weights and rounding are in fixed point with 22 bits, first
/// along rows, then along columns. Any number of threads at a time.
void resize_window(const Window& window, std::int64_t height, std::int64_t width, bool mirrored, std::uint8_t* out);

}  // namespace fedorbit
