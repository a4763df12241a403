// Reading what Python's pickle wrote of tensors, without ever doing what a pickle can ask for: nothing is imported,
// called or built; a list of known names stands for the few things that checkpoints hold, and all others are refused.
#pragma once
#include <c10/core/ScalarType.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fedorbit {

/// A value out of a pickle. Values may be shared and, in a hostile pickle, contain themselves: who walks counts steps.
struct PickleValue {
  enum class Kind {
    none,
    boolean,
    integer,
    real,
    text,
    sequence,    // a list or tuple: items
    dictionary,  // items are key, value, key, value, ...; an OrderedDict too
    object,      // of a TorchScript class: the only item, if any, is the dictionary of its attributes
    storage,     // text is its key in the archive, number its elements, type theirs
    tensor,      // items are storage, sizes, strides; number the offset in elements
    name,        // a name that the list knows, to be called
    foreign,  // what checkpoints hold besides and nobody asks for: bytes, larger integers, NumPy's numbers and arrays
  };
  Kind kind = Kind::none;
  c10::ScalarType type = c10::ScalarType::Undefined;
  std::int64_t number = 0;  // an integer or boolean, too
  double real = 0;
  std::string_view text;  // into the pickle's bytes
  std::vector<const PickleValue*> items;
};

struct Pickle {
  std::deque<PickleValue> values;  // all of them; none moves
  const PickleValue* root = nullptr;
};

/// Reads protocols 2 to 5 as far as torch.save and TorchScript use them. Known names: torch._utils._rebuild_tensor_v2
/// and _rebuild_parameter, torch.*Storage, torch.Size, collections.OrderedDict; TorchScript's lists and, as objects
/// with attributes, classes below __torch__; and, to be passed over, NumPy's numbers and arrays and argparse's options,
/// which training programs save beside the weights. Throws a sentence on any other name or opcode, on a stack that does
/// not fit, and on more than a million values. `bytes` must outlive the result; `where` names them in errors.
Pickle read_pickle(std::span<const std::byte> bytes, const std::string& where);

}  // namespace fedorbit
