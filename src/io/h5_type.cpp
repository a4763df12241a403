#include "io/h5_type.hpp"

#include <algorithm>

namespace fedorbit::h5 {

template <>
ElementType element_type<std::int64_t>() {
  return {H5T_NATIVE_INT64, H5T_STD_I64LE};
}
template <>
ElementType element_type<std::int32_t>() {
  return {H5T_NATIVE_INT32, H5T_STD_I32LE};
}
template <>
ElementType element_type<std::uint64_t>() {
  return {H5T_NATIVE_UINT64, H5T_STD_U64LE};
}
template <>
ElementType element_type<std::uint8_t>() {
  return {H5T_NATIVE_UINT8, H5T_STD_U8LE};
}
template <>
ElementType element_type<float>() {
  return {H5T_NATIVE_FLOAT, H5T_IEEE_F32LE};
}
template <>
ElementType element_type<double>() {
  return {H5T_NATIVE_DOUBLE, H5T_IEEE_F64LE};
}

ElementType half_type() {
  static const hid_t type = [] {
    const hid_t half = H5Tcopy(H5T_IEEE_F32LE);
    // sign at bit 15, five bits of exponent from bit 10, ten of mantissa from bit 0; the size shrinks last
    H5Tset_fields(half, 15, 10, 5, 0, 10);
    H5Tset_size(half, 2);
    H5Tset_ebias(half, 15);
    return half;
  }();
  return {type, type};
}

Handle text_type(std::size_t bytes) {
  Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_size(type.id(), std::max<std::size_t>(bytes, 1));
  H5Tset_cset(type.id(), H5T_CSET_UTF8);
  if (bytes != H5T_VARIABLE) H5Tset_strpad(type.id(), H5T_STR_NULLPAD);
  return type;
}

}  // namespace fedorbit::h5
