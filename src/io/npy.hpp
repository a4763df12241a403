// Reading NumPy's array files (.npy, https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html): features
// that other programs computed.
#pragma once
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

#include "core/tensor.hpp"

namespace fedorbit {

/// The array in the file's own element type (float16, float32, float64, int32 or int64) and shape, on the CPU. Versions
/// 1, 2 and 3, little-endian, C order; everything else (other types, Fortran order, a header that does not fit the
/// file's size, a file cut short or with bytes to spare) is an Error that names the file.
Tensor read_npy(const std::filesystem::path& file);

/// The same from bytes in memory, which are copied; `name` stands for the file in errors.
Tensor read_npy(std::span<const std::byte> bytes, const std::string& name);

}  // namespace fedorbit
