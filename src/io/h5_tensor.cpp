#include "io/h5_tensor.hpp"

#include <ATen/ops/empty.h>

#include "core/error.hpp"

namespace fedorbit::h5 {
namespace {

ElementType type_of(at::ScalarType type, const Place& place) {
  switch (type) {
    case at::kFloat:
      return element_type<float>();
    case at::kDouble:
      return element_type<double>();
    case at::kHalf:
      return half_type();
    case at::kLong:
      return element_type<std::int64_t>();
    case at::kInt:
      return element_type<std::int32_t>();
    case at::kByte:
      return element_type<std::uint8_t>();
    default:
      fail(place.file, " ", place.name, ": tensors of type ", toString(type), " are not written to HDF5.");
  }
}

at::ScalarType scalar_type(const Dataset& dataset) {
  const Handle type = own(H5Dget_type(dataset.id()), H5Tclose, dataset.place(), "read the type");
  for (const at::ScalarType candidate : {at::kFloat, at::kDouble, at::kHalf, at::kLong, at::kInt, at::kByte})
    if (H5Tequal(type.id(), type_of(candidate, dataset.place()).file) > 0) return candidate;
  fail(dataset.file(), " ", dataset.name(),
       " is not a tensor: its elements are none of float32, float64, float16, int64, int32, uint8.");
}

}  // namespace

Dataset make_tensor(File& file, const std::string& name, const Shape& shape, const Tensor& like, Storage storage) {
  return file.make_typed(name, type_of(like.scalar_type(), {file.file(), name}).file, shape, storage);
}

void write_tensor_rows(Dataset& dataset, std::int64_t first, const Tensor& rows) {
  const Tensor packed = rows.detach().cpu().contiguous();
  const std::int64_t count = packed.dim() == 0 ? 1 : packed.size(0);
  require(packed.numel() == count * dataset.row_elements(), dataset.file(), " ", dataset.name(), ": ", packed.numel(),
          " elements were given for ", count, " rows of ", dataset.row_elements(), ".");
  dataset.transfer_out(type_of(packed.scalar_type(), dataset.place()).memory, first, count, packed.const_data_ptr());
}

Dataset write_tensor(File& file, const std::string& name, const Tensor& tensor, Storage storage) {
  Dataset dataset = make_tensor(file, name, tensor.sizes().vec(), tensor, storage);
  write_tensor_rows(dataset, 0, tensor);
  return dataset;
}

Tensor read_tensor_rows(const Dataset& dataset, std::int64_t first, std::int64_t count) {
  Shape shape = dataset.shape();
  if (!shape.empty()) shape.front() = count;
  require(count >= 0, dataset.file(), " ", dataset.name(), ": a negative number of rows was asked for.");
  const Tensor tensor = at::empty(shape, scalar_type(dataset));
  dataset.transfer_in(type_of(tensor.scalar_type(), dataset.place()).memory, first, count, tensor.mutable_data_ptr());
  return tensor;
}

Tensor read_tensor(const File& file, const std::string& name) {
  const Dataset dataset = file.dataset(name);
  return read_tensor_rows(dataset, 0, dataset.rows());
}

}  // namespace fedorbit::h5
