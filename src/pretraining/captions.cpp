#include "pretraining/captions.hpp"

#include <functional>
#include <numeric>

#include "core/error.hpp"
#include "inputs/class_texts.hpp"
#include "model/tokenizer/bpe_training.hpp"

namespace fedorbit {
namespace {

/// "a {view} photo of {}." with views "close dark" and name "river": "a close dark photo of river.".
std::string filled(std::string pattern, const std::string& views, const std::string& name) {
  static const std::string slot = "{view} ";
  if (const auto at = pattern.find(slot); at != std::string::npos)
    pattern.replace(at, views.empty() ? slot.size() : slot.size() - 1, views);
  return pattern.replace(pattern.find("{}"), 2, spoken(name));
}

std::string view_words(std::uint32_t traits) {
  std::string out;
  for (std::size_t i = 0; i < trait_words.size(); ++i)
    if (traits >> i & 1) (out.empty() ? out : out.append(" ")).append(trait_words[i]);
  return out;
}

/// The longest of what captions say of views.
std::vector<std::string> spoken_views(double described) {
  std::vector<std::string> out{""};
  for (std::size_t i = 0; described > 0 && i < trait_words.size(); ++i)
    for (std::size_t j = i + 1; j < trait_words.size(); ++j) out.push_back(view_words(1u << i | 1u << j));
  return out;
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
                                      const std::vector<std::vector<std::string>>& words,
                                      const std::vector<std::string>& views) {
  std::vector<std::string> out;
  for (const auto& of_class : words)
    for (const auto& word : of_class)
      for (const auto& pattern : templates)
        for (const auto& view : views) out.push_back(filled(pattern, view, word));
  return out;
}

}  // namespace

Captions::Captions(const CaptionOptions& options, const Dataset& dataset, std::int64_t context_length)
    : templates_(templates_in(options.templates, "captions.templates")),
      words_(words_of(dataset)),
      described_(options.described),
      length_(context_length),
      tokenizer_(train_merges(all_captions(templates_, words_, spoken_views(described_)), options.merges),
                 "the merges made from the captions") {
  for (const std::string& pattern : templates_)
    require(described_ == 0 || pattern.find("{view} ") != std::string::npos, "captions.templates: \"", pattern,
            "\" has no \"{view} \" for what captions.described = ", described_, " asks it to say.");
  for (const std::string& caption : all_captions(templates_, words_, spoken_views(described_))) {
    const auto tokens = std::int64_t(tokenizer_.encode(caption).size()) + 2;
    require(tokens <= length_, "the caption \"", caption, "\" has ", tokens, " tokens; clip.context_length = ", length_,
            " is too short, or captions.merges too few.");
  }
}

Said Captions::said(std::int64_t label, std::uint32_t traits, Stream stream) const {
  if (stream.uniform() >= described_) return {label, 0};
  std::vector<std::uint32_t> bits;
  for (std::uint32_t i = 0; i < trait_words.size(); ++i)
    if (traits >> i & 1) bits.push_back(1u << i);
  stream.shuffle(std::span(bits));
  bits.resize(std::min<std::size_t>(bits.size(), 1 + stream.below(2)));
  return {label, std::accumulate(bits.begin(), bits.end(), 0u, std::bit_or())};
}

Tensor Captions::worded(const std::vector<Said>& said, const Keys& keys, std::uint64_t step) const {
  std::vector<std::string> texts;
  for (const auto& [label, traits] : said) {
    Stream stream = keys.stream(Purpose::caption, step, std::uint64_t(label) << 32 | traits);
    const auto& words = words_[std::size_t(label)];
    const std::string& word = words[stream.below(words.size())];
    texts.push_back(filled(templates_[stream.below(templates_.size())], view_words(traits), word));
  }
  return tokenizer_.tokens(texts, length_);
}

Tensor Captions::ensemble(const std::vector<std::string>& names) const {
  std::vector<std::string> texts;
  for (const auto& name : names)
    for (const auto& pattern : templates_) texts.push_back(filled(pattern, "", name));
  return tokenizer_.tokens(texts, length_).view({std::int64_t(names.size()), std::int64_t(templates_.size()), length_});
}

}  // namespace fedorbit
