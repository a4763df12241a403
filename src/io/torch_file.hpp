// Tensors in what torch.save and torch.jit.save write: a zip archive of a pickle and, uncompressed, of the numbers.
#pragma once
#include <string>

#include "io/mapping.hpp"
#include "io/safetensors.hpp"

namespace fedorbit {

struct TorchFile {
  NamedTensors tensors;
  bool torch_script = false;  // a module with code, which is passed over
};

/// Tensors are views on `bytes`. A state dict may lie under "state_dict", "model" or "model_state_dict"; a module's
/// tensors are named by the paths of its attributes. Entries that are no tensors are passed over. Throws a sentence on
/// compressed or foreign archives, on whatever the pickle may not hold (io/pickle.hpp), and on tensors that reach past
/// their numbers. `where` names the file.
TorchFile read_torch_file(const FileBytes& bytes, const std::string& where);

}  // namespace fedorbit
