#include "io/h5_tensor.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstring>
#include <memory>

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

Tensor map_tensor(const File& file, const std::string& name) {
  static_assert(std::endian::native == std::endian::little, "files are little-endian");
  const Dataset dataset = file.dataset(name);
  const Shape shape = dataset.shape();
  const at::ScalarType type = scalar_type(dataset);
  const auto bytes = elements(shape) * std::int64_t(c10::elementSize(type));
  if (bytes == 0) return at::empty(shape, type);
  const std::int64_t offset = dataset.offset();

  const int descriptor = ::open(file.file().c_str(), O_RDONLY | O_CLOEXEC);
  require(descriptor >= 0, file.file(), " cannot be opened: ", std::strerror(errno), ".");
  const std::shared_ptr<void> closer(nullptr, [descriptor](void*) { ::close(descriptor); });
  struct stat status {};
  require(::fstat(descriptor, &status) == 0 && offset <= status.st_size - bytes, file.file(), " ", name, ": its ",
          bytes, " bytes from byte ", offset, " on lie past the end of the file, which was cut short.");
  // A mapping begins at a page.
  const std::int64_t before = offset % ::sysconf(_SC_PAGESIZE), length = before + bytes;
  void* address = ::mmap(nullptr, std::size_t(length), PROT_READ, MAP_SHARED, descriptor, offset - before);
  require(address != MAP_FAILED, file.file(), " cannot be mapped: ", std::strerror(errno), ".");
  const std::shared_ptr<void> mapping(address, [length](void* mapped) { ::munmap(mapped, std::size_t(length)); });
  void* data = static_cast<std::byte*>(address) + before;
  require(reinterpret_cast<std::uintptr_t>(data) % c10::elementSize(type) == 0, file.file(), " ", name,
          " begins at byte ", offset, ", which is no multiple of its elements' size, so it cannot be mapped.");
  return at::from_blob(
      data, shape, [mapping](void*) {}, at::TensorOptions(type));
}

}  // namespace fedorbit::h5
