#include "model/prompts/class_prompts.hpp"

#include "core/error.hpp"
#include "model/tokenizer/words.hpp"

namespace fedorbit {

ClassPrompts::ClassPrompts(const Clip& clip, const std::vector<std::string>& class_names, std::int64_t length)
    : start(clip.tokenizer.start()), context_length(length) {
  require(!class_names.empty(), "prompts need at least one class.");
  require(length >= 0, "a context of ", length, " tokens cannot be.");
  const std::int64_t limit = clip.config.text.context_length;
  for (const std::string& name : class_names) {
    std::vector<std::int64_t> ids = clip.tokenizer.encode(spoken(name) + ".");
    ids.push_back(clip.tokenizer.end());
    const auto count = std::int64_t(ids.size());
    require(1 + length + count <= limit, "the prompt of class '", name, "' has ", 1 + length + count,
            " tokens (start, ", length, " learned, ", count - 1,
            " of its name and full stop, end), but the text tower takes at most ", limit, ".");
    tails.push_back(std::move(ids));
  }
}

}  // namespace fedorbit
