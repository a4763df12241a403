#include "model/tokenizer/bpe_training.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "model/tokenizer/byte_spelling.hpp"
#include "model/tokenizer/clean_text.hpp"
#include "model/tokenizer/words.hpp"

namespace fedorbit {
namespace {

using Pair = std::pair<std::string, std::string>;

struct Word {
  std::vector<std::string> pieces;  // in CLIP's spelling
  std::int64_t count;
};

std::vector<Word> count_words(std::span<const std::string> captions) {
  std::map<std::string, std::int64_t> counts;
  for (const std::string& caption : captions) {
    const std::string clean = clean_text(caption);
    for (const std::string_view word : split_words(clean)) ++counts[std::string(word)];
  }
  std::vector<Word> out;
  for (const auto& [word, count] : counts) {
    out.push_back({{}, count});
    for (const char byte : word) out.back().pieces.push_back(spell({&byte, 1}));
    out.back().pieces.back() += "</w>";
  }
  return out;
}

/// How often each pair of neighbours occurs, and in which words, kept true while words change.
class Pairs {
 public:
  explicit Pairs(const std::vector<Word>& words) {
    for (std::size_t i = 0; i < words.size(); ++i) count(words[i], i, 1);
  }

  /// The words are counted in (sign 1) or out (-1).
  void count(const Word& word, std::size_t index, std::int64_t sign) {
    for (std::size_t i = 0; i + 1 < word.pieces.size(); ++i) {
      const Pair pair{word.pieces[i], word.pieces[i + 1]};
      counts_[pair] += sign * word.count;
      if (sign > 0) places_[pair].insert(index);
    }
  }

  const std::pair<const Pair, std::int64_t>* most_frequent() const {
    const auto found = std::max_element(counts_.begin(), counts_.end(),
                                        [](const auto& a, const auto& b) { return a.second < b.second; });
    return found == counts_.end() || found->second < 2 ? nullptr : &*found;
  }

  std::set<std::size_t> places(const Pair& pair) const { return places_.at(pair); }

 private:
  std::map<Pair, std::int64_t> counts_;  // sorted: the first of equal counts is the one that sorts first
  std::map<Pair, std::set<std::size_t>> places_;
};

void merge(Word& word, const Pair& pair) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < word.pieces.size(); ++i) {
    const bool here = i + 1 < word.pieces.size() && word.pieces[i] == pair.first && word.pieces[i + 1] == pair.second;
    out.push_back(here ? pair.first + pair.second : word.pieces[i]);
    i += here;
  }
  word.pieces = std::move(out);
}

}  // namespace

std::string train_merges(std::span<const std::string> captions, std::int64_t merges) {
  std::vector<Word> words = count_words(captions);
  Pairs pairs(words);
  std::string out;
  for (std::int64_t made = 0; made < merges; ++made) {
    const auto* best = pairs.most_frequent();
    if (!best) break;
    const Pair pair = best->first;
    out += pair.first + ' ' + pair.second + '\n';
    for (const std::size_t index : pairs.places(pair)) {
      pairs.count(words[index], index, -1);
      merge(words[index], pair);
      pairs.count(words[index], index, 1);
    }
  }
  return out;
}

}  // namespace fedorbit
