// The names that a pickle of tensors may mention, and what each stands for.
#pragma once
#include <c10/core/ScalarType.h>

#include <array>
#include <string_view>

namespace fedorbit {

enum class PickleName {
  rebuild_tensor,
  rebuild_parameter,
  ordered_dict,
  storage,
  size,
  list,
  tag,
  foreign,     /* whatever it makes is passed over */
  script_class /* any below __torch__ */
};

struct KnownName {
  std::string_view name;  // module, space, name
  PickleName meaning;
  c10::ScalarType type = c10::ScalarType::Undefined;  // of a storage
};

inline constexpr std::array<KnownName, 27> pickle_names{{
    {"torch._utils _rebuild_tensor_v2", PickleName::rebuild_tensor},
    {"torch._utils _rebuild_parameter", PickleName::rebuild_parameter},
    {"collections OrderedDict", PickleName::ordered_dict},
    {"torch DoubleStorage", PickleName::storage, c10::ScalarType::Double},
    {"torch FloatStorage", PickleName::storage, c10::ScalarType::Float},
    {"torch HalfStorage", PickleName::storage, c10::ScalarType::Half},
    {"torch BFloat16Storage", PickleName::storage, c10::ScalarType::BFloat16},
    {"torch LongStorage", PickleName::storage, c10::ScalarType::Long},
    {"torch IntStorage", PickleName::storage, c10::ScalarType::Int},
    {"torch ShortStorage", PickleName::storage, c10::ScalarType::Short},
    {"torch CharStorage", PickleName::storage, c10::ScalarType::Char},
    {"torch ByteStorage", PickleName::storage, c10::ScalarType::Byte},
    {"torch BoolStorage", PickleName::storage, c10::ScalarType::Bool},
    {"torch Size", PickleName::size},
    {"torch.jit._pickle build_intlist", PickleName::list},
    {"torch.jit._pickle build_doublelist", PickleName::list},
    {"torch.jit._pickle build_boollist", PickleName::list},
    {"torch.jit._pickle build_tensorlist", PickleName::list},
    {"torch.jit._pickle restore_type_tag", PickleName::tag},
    {"numpy.core.multiarray scalar", PickleName::foreign},
    {"numpy._core.multiarray scalar", PickleName::foreign},
    {"numpy.core.multiarray _reconstruct", PickleName::foreign},
    {"numpy._core.multiarray _reconstruct", PickleName::foreign},
    {"numpy dtype", PickleName::foreign},
    {"numpy ndarray", PickleName::foreign},
    {"_codecs encode", PickleName::foreign},  // how older protocols spell bytes
    {"argparse Namespace", PickleName::foreign},
}};

}  // namespace fedorbit
