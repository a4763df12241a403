// Class names behind a learned context, through a frozen text tower: what prompt learning differentiates (Zhou et al.
// 2022, "Learning to Prompt for Vision-Language Models", arXiv 2109.01134).
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "model/clip.hpp"
#include "model/prompts/engine.hpp"
#include "model/prompts/prompt_encoder.hpp"
#include "model/prompts/prompt_weights.hpp"

namespace fedorbit {

class PromptedText {
 public:
  /// The prompts of model/prompts/class_prompts.hpp, which says what it throws, in the type and on the device of the
  /// tower's tensors. The fast engine is PromptFunction on a CPU, where matrices lie as `share` has them, and
  /// PromptTree elsewhere; the reference engine is PaddedPrompts.
  PromptedText(const Clip& clip, const std::vector<std::string>& class_names, std::int64_t context_length,
               const EngineOptions& engine = {}, const ShareBytes& share = {});
  /// With the weights of another.
  PromptedText(const Clip& clip, const std::vector<std::string>& class_names, std::int64_t context_length,
               const EngineOptions& engine, const PromptedText& other);

  /// See PromptEncoder::encode. Copies of this share what they remember of contexts; one of them must outlive
  /// backward().
  Tensor encode(const Tensor& context, std::int64_t equal = 0) const;

  std::int64_t classes() const { return classes_; }
  double bytes() const { return encoder_->bytes(); }

 private:
  void open(const Clip& clip, const std::vector<std::string>& class_names, const EngineOptions& engine,
            const ShareBytes& share);

  TowerConfig tower_;
  std::int64_t context_length_, classes_ = 0;
  std::shared_ptr<const PromptWeights> weights_;  // of the passes by hand
  std::shared_ptr<PromptEncoder> encoder_;
};

}  // namespace fedorbit
