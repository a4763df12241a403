// How C++ types are written in HDF5 files: always little-endian, whatever the machine.
#pragma once
#include <hdf5.h>

#include <cstdint>

#include "io/h5_handle.hpp"

namespace fedorbit::h5 {

/// An element type in memory and in the file; both identifiers live as long as the program.
struct ElementType {
  hid_t memory, file;
};

template <class T>
ElementType element_type();
template <>
ElementType element_type<std::int64_t>();
template <>
ElementType element_type<std::int32_t>();
template <>
ElementType element_type<std::uint64_t>();
template <>
ElementType element_type<std::uint8_t>();
template <>
ElementType element_type<float>();
template <>
ElementType element_type<double>();

/// IEEE 754 binary16, which HDF5 1.10 has no name for.
ElementType half_type();

/// UTF-8 text of exactly `bytes` bytes, padded with zeros; `bytes` may be H5T_VARIABLE.
Handle text_type(std::size_t bytes);

}  // namespace fedorbit::h5
