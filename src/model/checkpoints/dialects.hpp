// How other programs name a CLIP's tensors: each canonical name in open_clip's and in Hugging Face's words.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "io/safetensors.hpp"

namespace fedorbit {

enum class Dialect { canonical, open_clip, hugging_face };

/// Takes "text." off the names of open_clip's own text tower, which its class CustomTextCLIP puts before them.
void join_text_tower(NamedTensors& tensors);

/// Whose names these are, or a sentence that no CLIP's are among them.
Dialect recognise_dialect(const NamedTensors& tensors, const std::string& where);

/// The file's own names of a canonical tensor: one, or three (queries, keys, values) to be joined along rows.
std::vector<std::string> names_in(Dialect dialect, const std::string& canonical);

/// Of a residual network's convolution, canonically one with a bias: its tensor and the batch norm after it.
struct FoldedNames {
  std::string convolution, norm;
};
/// Those of a canonical "vision.stem.I.weight" or "vision.stages.S.B.PART.weight"; nothing for all else, and in files
/// of our own, where they are folded already.
std::optional<FoldedNames> folded_in(Dialect dialect, const std::string& canonical);

/// Whether the file holds the transpose (Hugging Face's projections are (d, w)).
bool transposed_in(Dialect dialect, const std::string& canonical);

}  // namespace fedorbit
