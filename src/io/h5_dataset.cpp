#include "io/h5_dataset.hpp"

#include <hdf5_hl.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <numeric>

#include "core/error.hpp"

namespace fedorbit::h5 {
namespace {

bool same_kind(hid_t one, hid_t other) { return H5Tget_class(one) == H5Tget_class(other); }

/// The length of the longest prefix of at most `limit` bytes that ends between two UTF-8 characters.
std::size_t whole_characters(const std::string& text, std::size_t limit) {
  if (text.size() <= limit) return text.size();
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xC0) == 0x80) --limit;
  return limit;
}

}  // namespace

std::int64_t elements(const Shape& shape) {
  return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

Shape Dataset::shape() const {
  const Handle space = own(H5Dget_space(id()), H5Sclose, place_, "read the shape");
  std::vector<hsize_t> sizes(check(H5Sget_simple_extent_ndims(space.id()), place_, "read the shape"));
  check(H5Sget_simple_extent_dims(space.id(), sizes.data(), nullptr), place_, "read the shape");
  return {sizes.begin(), sizes.end()};
}

std::int64_t Dataset::rows() const {
  const Shape sizes = shape();
  return sizes.empty() ? 1 : sizes.front();
}

std::int64_t Dataset::row_elements() const {
  Shape sizes = shape();
  if (!sizes.empty()) sizes.front() = 1;
  return elements(sizes);
}

bool Dataset::holds_text() const {
  const Handle type = own(H5Dget_type(id()), H5Tclose, place_, "read the type");
  return H5Tget_class(type.id()) == H5T_STRING;
}

std::int64_t Dataset::offset() const {
  const haddr_t address = H5Dget_offset(id());
  require(address <= haddr_t(INT64_MAX), file(), " ", name(),
          " is not in one piece in the file, so it cannot be mapped.");
  return std::int64_t(address);
}

std::int64_t Dataset::checked_count(std::int64_t first, std::int64_t count) const {
  const std::int64_t have = rows();
  require(first >= 0 && count >= 0 && first <= have - count, file(), " ", name(), ": rows ", first, " to ",
          first + count, " were asked for, but it has ", have, " rows.");
  return count;
}

std::int64_t Dataset::whole_rows(std::size_t count) const {
  const std::int64_t width = row_elements();
  require(width > 0 && std::int64_t(count) % width == 0, file(), " ", name(), ": ", count,
          " elements are no whole number of rows of ", width, ".");
  return std::int64_t(count) / width;
}

Handle Dataset::select(std::int64_t first, std::int64_t count) const {
  checked_count(first, count);
  Handle space = own(H5Dget_space(id()), H5Sclose, place_, "read the shape");
  const Shape sizes = shape();
  if (sizes.empty()) return space;
  if (count == 0) {
    check(H5Sselect_none(space.id()), place_, "select rows");
    return space;
  }
  std::vector<hsize_t> start(sizes.size(), 0), extent(sizes.begin(), sizes.end());
  start[0] = hsize_t(first);
  extent[0] = hsize_t(count);
  check(H5Sselect_hyperslab(space.id(), H5S_SELECT_SET, start.data(), nullptr, extent.data(), nullptr), place_,
        "select rows");
  return space;
}

void Dataset::transfer_in(hid_t memory_type, std::int64_t first, std::int64_t count, void* values) const {
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);  // a thread that reads has an error stack of its own
  const Handle type = own(H5Dget_type(id()), H5Tclose, place_, "read the type");
  require(same_kind(type.id(), memory_type), file(), " ", name(),
          " holds another kind of values (integers, reals or texts) than asked for.");
  const Handle space = select(first, count);
  const hsize_t total = hsize_t(count * row_elements());
  if (total == 0) return;
  const Handle memory = own(H5Screate_simple(1, &total, nullptr), H5Sclose, place_, "describe memory");
  check(H5Dread(id(), memory_type, memory.id(), space.id(), H5P_DEFAULT, values), place_, "read values");
}

void Dataset::transfer_out(hid_t memory_type, std::int64_t first, std::int64_t count, const void* values) {
  const Handle type = own(H5Dget_type(id()), H5Tclose, place_, "read the type");
  require(same_kind(type.id(), memory_type), file(), " ", name(),
          " holds another kind of values (integers, reals or texts) than given.");
  const Handle space = select(first, count);
  const hsize_t total = hsize_t(count * row_elements());
  if (total == 0) return;
  const Handle memory = own(H5Screate_simple(1, &total, nullptr), H5Sclose, place_, "describe memory");
  check(H5Dwrite(id(), memory_type, memory.id(), space.id(), H5P_DEFAULT, values), place_, "write values");
}

void Dataset::resize(std::int64_t rows) {
  const Shape sizes = shape();
  std::vector<hsize_t> extent(sizes.begin(), sizes.end());
  require(!extent.empty(), file(), " ", name(), ": a scalar has no rows to add.");
  extent[0] = hsize_t(rows);
  check(H5Dset_extent(id(), extent.data()), place_, "change the number of rows");
}

std::vector<std::string> Dataset::read_texts() const {
  require(holds_text() && shape().size() == 1, file(), " ", name(), " is not a list of texts.");
  const Handle type = own(H5Dget_type(id()), H5Tclose, place_, "read the type");
  const std::int64_t count = rows();
  std::vector<std::string> texts;
  if (count == 0) return texts;
  const std::size_t width = H5Tget_size(type.id());
  std::vector<char> bytes(width * count);
  transfer_in(type.id(), 0, count, bytes.data());
  for (std::int64_t i = 0; i < count; ++i) {
    const char* start = bytes.data() + i * width;
    texts.emplace_back(start, strnlen(start, width));
  }
  return texts;
}

void Dataset::write_texts(std::int64_t first, std::span<const std::string> texts) {
  const Handle type = own(H5Dget_type(id()), H5Tclose, place_, "read the type");
  require(holds_text() && H5Tis_variable_str(type.id()) == 0, file(), " ", name(),
          " does not hold texts of fixed length.");
  const std::size_t width = H5Tget_size(type.id());
  std::vector<char> bytes(width * texts.size(), '\0');
  for (std::size_t i = 0; i < texts.size(); ++i)
    std::memcpy(bytes.data() + i * width, texts[i].data(), whole_characters(texts[i], width));
  transfer_out(type.id(), first, std::int64_t(texts.size()), bytes.data());
}

void Dataset::append_texts(std::span<const std::string> texts) {
  const std::int64_t first = rows();
  resize(first + std::int64_t(texts.size()));
  write_texts(first, texts);
}

void Dataset::make_scale(const std::string& name) {
  check(H5DSset_scale(id(), name.c_str()), place_, "make it a dimension scale");
}

void Dataset::attach_scale(const Dataset& scale, unsigned axis) {
  check(H5DSattach_scale(id(), scale.id(), axis), place_, "attach a dimension scale");
}

}  // namespace fedorbit::h5
