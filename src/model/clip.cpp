#include "model/clip.hpp"

#include <cmath>

#include "core/error.hpp"
#include "model/checkpoints/clip_tensors.hpp"
#include "model/towers/joint_weight.hpp"
#include "model/towers/tower.hpp"

namespace fedorbit {

double Clip::logit_scale() const { return std::exp(tensor_of(tensors, "logit_scale").item<double>()); }

Clip Clip::to(c10::TensorOptions options) const {
  Clip out = *this;
  for (auto& [name, tensor] : out.tensors) {
    const auto wanted = tensor.options().merge_in(options);
    tensor = tensor.to(keeps_float32(name) ? wanted.dtype(tensor.dtype()) : wanted);
  }
  return out;
}

void Clip::release() const {
  for (const FileBytes& file : files) release_pages(file, file.data, file.size);
}

void save_clip(const std::filesystem::path& file, const Clip& clip, c10::ScalarType type) {
  write_safetensors(file, with_joint_weights(clip.to(type).tensors),
                    {{"format", clip_format}, {"config", clip.config.to_json()}, {"merges", clip.tokenizer.merges()}});
}

}  // namespace fedorbit
