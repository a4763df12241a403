// A dataset in an HDF5 file: whole arrays, rows of the first axis, appended rows, texts, units and dimension scales.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "io/h5_object.hpp"
#include "io/h5_type.hpp"

namespace fedorbit::h5 {

using Shape = std::vector<std::int64_t>;

/// Elements of an array of that shape; 1 for a scalar.
std::int64_t elements(const Shape& shape);

/// T is one of int64, int32, uint64, uint8, float, double. Reading converts between sizes of one kind (int32 to int64,
/// float to double), but never between integers, reals and texts: that is an error. For several threads only where
/// threads_allowed().
class Dataset : public Object {
 public:
  Dataset(Handle handle, Place place) : Object(std::move(handle), std::move(place)) {}

  Shape shape() const;
  std::int64_t rows() const;  // length of the first axis
  bool holds_text() const;
  /// Where its bytes begin in the file; an Error where they are not in one piece.
  std::int64_t offset() const;

  template <class T>
  std::vector<T> read() const {
    return read_rows<T>(0, rows());
  }
  /// Rows [first, first + count) of the first axis, row-major.
  template <class T>
  std::vector<T> read_rows(std::int64_t first, std::int64_t count) const {
    std::vector<T> values(row_elements() * checked_count(first, count));
    transfer_in(element_type<T>().memory, first, count, values.data());
    return values;
  }
  /// Writes whole rows starting at row `first`; they must lie inside the dataset.
  template <class T>
  void write_rows(std::int64_t first, std::span<const T> values) {
    transfer_out(element_type<T>().memory, first, whole_rows(values.size()), values.data());
  }
  /// Lengthens an extendible dataset by whole rows.
  template <class T>
  void append(std::span<const T> values) {
    const std::int64_t first = rows(), count = whole_rows(values.size());
    resize(first + count);
    transfer_out(element_type<T>().memory, first, count, values.data());
  }
  /// Cuts or lengthens the first axis of an extendible dataset; new rows are zero.
  void resize(std::int64_t rows);

  /// Texts of a one-dimensional dataset, of fixed length.
  std::vector<std::string> read_texts() const;
  /// For a dataset of fixed-length texts: a longer text is cut at a whole UTF-8 character.
  void write_texts(std::int64_t first, std::span<const std::string> texts);
  void append_texts(std::span<const std::string> texts);

  void set_units(const std::string& units) { set_attribute("units", units); }
  /// Makes this one-dimensional dataset a dimension scale called `name`.
  void make_scale(const std::string& name);
  /// Declares `scale` the coordinate of axis `axis`.
  void attach_scale(const Dataset& scale, unsigned axis = 0);

  /// The untyped half, for callers with a type of their own (tensors): `memory_type` is an HDF5 type.
  void transfer_in(hid_t memory_type, std::int64_t first, std::int64_t count, void* values) const;
  void transfer_out(hid_t memory_type, std::int64_t first, std::int64_t count, const void* values);
  std::int64_t row_elements() const;

 private:
  std::int64_t checked_count(std::int64_t first, std::int64_t count) const;
  std::int64_t whole_rows(std::size_t count) const;
  Handle select(std::int64_t first, std::int64_t count) const;
};

}  // namespace fedorbit::h5
