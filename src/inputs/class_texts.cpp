#include "inputs/class_texts.hpp"

#include "algorithms/losses/cosine.hpp"
#include "core/error.hpp"
#include "core/words.hpp"
#include "inputs/encode.hpp"

namespace fedorbit {

std::vector<std::string> templates_in(const std::string& list, const std::string& option) {
  std::vector<std::string> out = listed(list);
  for (const std::string& pattern : out)
    require(pattern.find("{}") != std::string::npos, option, " = \"", pattern, "\" has no {} for the class name.");
  require(!out.empty(), option, " names no template.");
  return out;
}

PromptFeatures encode_prompts(const std::string& name, const std::vector<std::string>& templates,
                              const std::vector<std::string>& class_names, const Clip& clip, at::Device device,
                              Communicator& communicator) {
  std::vector<std::string> texts;
  for (const std::string& pattern : templates)
    for (const std::string& class_name : class_names)
      texts.push_back(std::string(pattern).replace(pattern.find("{}"), 2, spoken(class_name)));
  const Tensor features = encode_texts(texts, clip, device, communicator);
  return {name, templates,
          features.view({std::int64_t(templates.size()), std::int64_t(class_names.size()), features.size(1)})};
}

Tensor ensemble(const Tensor& prompts) { return unit(unit(prompts.to(at::kFloat)).mean(0)); }

}  // namespace fedorbit
