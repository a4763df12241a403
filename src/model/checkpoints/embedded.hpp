// The small CLIP inside the program, so that it runs with no weights to bring.
#pragma once
#include <cstddef>
#include <span>

namespace fedorbit {

/// A file of our own format, for load_clip(bytes, name): trained by `fedorbit pretrain configs/pretrain-embedded.toml`
/// on synthetic scenes. It has not seen the sensors "winter", "infrared" and "coarse".
std::span<const std::byte> embedded_clip();

}  // namespace fedorbit
