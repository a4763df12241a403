#include "simulation/pretrain_captions.hpp"

#include "core/error.hpp"
#include "model/bpe_training.hpp"

namespace fedorbit {
namespace {

std::vector<std::string> split_templates(const std::string& list) {
  std::vector<std::string> out;
  for (std::size_t first = 0; first <= list.size();) {
    const std::size_t end = std::min(list.find(';', first), list.size());
    out.push_back(list.substr(first, end - first));
    require(out.back().find("{}") != std::string::npos, "captions.templates: \"", out.back(),
            "\" has no {} where a class's name would stand.");
    first = end + 1;
  }
  return out;
}

std::string filled(std::string pattern, const std::string& name) {
  return pattern.replace(pattern.find("{}"), 2, spoken(name));
}

std::vector<std::vector<std::string>> words_of(const Dataset& dataset) {
  std::vector<std::vector<std::string>> out;
  for (std::size_t c = 0; c < dataset.class_names().size(); ++c) {
    out.push_back({dataset.class_names()[c]});
    if (c < dataset.synonyms().size())
      out.back().insert(out.back().end(), dataset.synonyms()[c].begin(), dataset.synonyms()[c].end());
  }
  return out;
}

std::vector<std::string> all_captions(const std::vector<std::string>& templates,
                                      const std::vector<std::vector<std::string>>& words) {
  std::vector<std::string> out;
  for (const auto& of_class : words)
    for (const auto& word : of_class)
      for (const auto& pattern : templates) out.push_back(filled(pattern, word));
  return out;
}

}  // namespace

Captions::Captions(const CaptionOptions& options, const Dataset& dataset, std::int64_t context_length)
    : templates_(split_templates(options.templates)),
      words_(words_of(dataset)),
      length_(context_length),
      tokenizer_(train_merges(all_captions(templates_, words_), options.merges), "the merges made from the captions") {
  for (const std::string& caption : all_captions(templates_, words_)) {
    const auto tokens = std::int64_t(tokenizer_.encode(caption).size()) + 2;
    require(tokens <= length_, "the caption \"", caption, "\" has ", tokens, " tokens; clip.context_length = ", length_,
            " is too short, or captions.merges too few.");
  }
}

Tensor Captions::drawn(const std::vector<std::int64_t>& classes, const Keys& keys, std::uint64_t step) const {
  std::vector<std::string> texts;
  for (const std::int64_t c : classes) {
    Stream stream = keys.stream(Purpose::caption, step, std::uint64_t(c));
    const auto& words = words_[std::size_t(c)];
    const std::string& word = words[stream.below(words.size())];
    texts.push_back(filled(templates_[stream.below(templates_.size())], word));
  }
  return tokenizer_.tokens(texts, length_);
}

Tensor Captions::ensemble(const std::vector<std::string>& names) const {
  std::vector<std::string> texts;
  for (const auto& name : names)
    for (const auto& pattern : templates_) texts.push_back(filled(pattern, name));
  return tokenizer_.tokens(texts, length_).view({std::int64_t(names.size()), std::int64_t(templates_.size()), length_});
}

}  // namespace fedorbit
