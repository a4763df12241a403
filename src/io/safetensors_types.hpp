// The element types that safetensors and LibTorch share, and what the format calls them.
#pragma once
#include <c10/core/ScalarType.h>

#include <array>
#include <string_view>

namespace fedorbit {

struct SafetensorsType {
  std::string_view name;
  c10::ScalarType type;
};

inline constexpr std::array<SafetensorsType, 10> safetensors_types{{
    {"F64", c10::ScalarType::Double},
    {"F32", c10::ScalarType::Float},
    {"F16", c10::ScalarType::Half},
    {"BF16", c10::ScalarType::BFloat16},
    {"I64", c10::ScalarType::Long},
    {"I32", c10::ScalarType::Int},
    {"I16", c10::ScalarType::Short},
    {"I8", c10::ScalarType::Char},
    {"U8", c10::ScalarType::Byte},
    {"BOOL", c10::ScalarType::Bool},
}};

}  // namespace fedorbit
