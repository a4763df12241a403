#include "model/prompts/prompted_text.hpp"

#include "core/error.hpp"
#include "model/prompts/class_prompts.hpp"
#include "model/prompts/padded_prompts.hpp"
#include "model/prompts/prompt_function.hpp"
#include "model/prompts/prompt_tree.hpp"
#include "model/towers/text_tower.hpp"

namespace fedorbit {

PromptedText::PromptedText(const Clip& clip, const std::vector<std::string>& class_names, std::int64_t context_length,
                           const EngineOptions& engine, const ShareBytes& share)
    : tower_(clip.config.text), context_length_(context_length) {
  open(clip, class_names, engine, share);
}

PromptedText::PromptedText(const Clip& clip, const std::vector<std::string>& class_names, std::int64_t context_length,
                           const EngineOptions& engine, const PromptedText& other)
    : tower_(clip.config.text), context_length_(context_length), weights_(other.weights_) {
  open(clip, class_names, engine, {});
}

void PromptedText::open(const Clip& clip, const std::vector<std::string>& class_names, const EngineOptions& engine,
                        const ShareBytes& share) {
  const ClassPrompts prompts(clip, class_names, context_length_);
  const NamedTensors tensors = frozen_text(clip.tensors);
  const Tensor& table = tensor_of(tensors, "text.tokens");
  classes_ = prompts.classes();
  if (engine.reference()) {
    encoder_ = std::make_shared<PaddedPrompts>(tensors, clip.config, prompts);
  } else if (table.is_cpu()) {
    if (!weights_) weights_ = std::make_shared<PromptWeights>(tensors, clip.config, prompts.start, share);
    encoder_ = std::make_shared<PromptFunction>(PromptPass(weights_, tensors, prompts));
  } else {
    encoder_ = std::make_shared<PromptTree>(tensors, clip.config, prompts);
  }
}

Tensor PromptedText::encode(const Tensor& context, std::int64_t equal) const {
  require(context.dim() == 3 && context.size(1) == context_length_ && context.size(2) == tower_.width,
          "the context of prompts is (clients, ", context_length_, ", ", tower_.width, "), not ", context.sizes(), ".");
  return encoder_->encode(context, equal);
}

}  // namespace fedorbit
