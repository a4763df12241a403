#include "model/prompted_text.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

#include "core/error.hpp"
#include "model/text_tower.hpp"

namespace fedorbit {

PromptedText::PromptedText(const Clip& clip, const std::vector<std::string>& class_names, std::int64_t context_length)
    : config_(clip.config), context_length_(context_length) {
  require(!class_names.empty(), "prompts need at least one class.");
  require(context_length >= 0, "a context of ", context_length, " tokens cannot be.");
  for (const auto& [name, tensor] : clip.tensors)
    if (name.starts_with("text.")) tensors_[name] = tensor.detach();

  const std::int64_t limit = config_.text.context_length, room = limit - 1 - context_length;
  const Tokenizer& tokenizer = clip.tokenizer;
  Tensor tokens = at::zeros({std::int64_t(class_names.size()), std::max<std::int64_t>(room, 0)}, at::kLong);
  std::vector<std::int64_t> ends;
  for (std::size_t c = 0; c < class_names.size(); ++c) {
    std::vector<std::int64_t> ids = tokenizer.encode(spoken(class_names[c]) + ".");
    ids.push_back(tokenizer.end());
    const auto count = std::int64_t(ids.size());
    require(count <= room, "the prompt of class '", class_names[c], "' has ", 1 + context_length + count,
            " tokens (start, ", context_length, " learned, ", count - 1,
            " of its name and full stop, end), but the text "
            "tower takes at most ",
            limit, ".");
    std::copy(ids.begin(), ids.end(), tokens[std::int64_t(c)].mutable_data_ptr<std::int64_t>());
    ends.push_back(context_length + count);
    length_ = std::max(length_, 1 + context_length + count);
  }
  const at::NoGradGuard frozen;
  const auto device = tensor_of(tensors_, "text.tokens").device();
  before_ = embed_tokens(tensors_, at::tensor({tokenizer.start()}, at::kLong).to(device));
  after_ = embed_tokens(tensors_, tokens.to(device));
  ends_ = at::tensor(ends, at::kLong).to(device);
}

Tensor PromptedText::encode(const Tensor& context) const { return encode_up_to(length_, context); }

Tensor PromptedText::encode_padded(const Tensor& context) const {
  return encode_up_to(config_.text.context_length, context);
}

Tensor PromptedText::encode_up_to(std::int64_t length, const Tensor& context) const {
  const std::int64_t width = config_.text.width;
  require(context.dim() == 3 && context.size(1) == context_length_ && context.size(2) == width,
          "the context of prompts is (clients, ", context_length_, ", ", width, "), not ", context.sizes(), ".");
  const std::int64_t K = context.size(0), C = classes(), tail = length - 1 - context_length_;
  const Tensor learned = context.to(before_.options()).unsqueeze(1);  // (K, 1, h, w)
  const Tensor embedded = at::cat({before_.expand({K, C, 1, width}), learned.expand({K, C, context_length_, width}),
                                   after_.narrow(1, 0, tail).expand({K, C, tail, width})},
                                  2);  // (K, C, L, w)
  const Tensor positions = tensor_of(tensors_, "text.positions").narrow(0, 0, length);
  const Tensor features =
      encode_embedded(tensors_, config_, (embedded + positions).view({K * C, length, width}), ends_.repeat({K}));
  return features.view({K, C, features.size(1)});
}

}  // namespace fedorbit
