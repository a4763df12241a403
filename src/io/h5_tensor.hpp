// Tensors in HDF5 files: float32, float64, float16, int64, int32 and uint8 on the CPU.
#pragma once
#include <string>

#include "core/tensor.hpp"
#include "io/h5.hpp"

namespace fedorbit::h5 {

/// Creates the dataset `name` with the tensor's shape and element type, and writes it.
Dataset write_tensor(File& file, const std::string& name, const Tensor& tensor, Storage storage = {});
/// An empty dataset of that shape for tensors of the type of `like`, to be filled by write_tensor_rows.
Dataset make_tensor(File& file, const std::string& name, const Shape& shape, const Tensor& like, Storage storage = {});
/// Writes (rows, ...) at row `first`.
void write_tensor_rows(Dataset& dataset, std::int64_t first, const Tensor& rows);

/// The whole dataset, in the element type of the file.
Tensor read_tensor(const File& file, const std::string& name);
/// Rows [first, first + count) of the first axis.
Tensor read_tensor_rows(const Dataset& dataset, std::int64_t first, std::int64_t count);

/// The whole dataset as a read-only view of the file: pages are read when touched and shared by all processes of a node
/// that map them. It must be in one piece (Storage::mappable); the mapping lives as long as any view of it.
Tensor map_tensor(const File& file, const std::string& name);

}  // namespace fedorbit::h5
