#include "model/tokenizer/tokenizer.hpp"

#include <ATen/ops/zeros.h>

#include <algorithm>
#include <limits>

#include "core/error.hpp"
#include "model/tokenizer/byte_spelling.hpp"
#include "model/tokenizer/clean_text.hpp"
#include "model/tokenizer/words.hpp"

namespace fedorbit {
namespace {

constexpr std::string_view end_of_word = "</w>";

std::string key(std::string_view bytes, bool ends_word) { return std::string(bytes) + (ends_word ? '\1' : '\0'); }
std::uint64_t pair_key(std::int64_t left, std::int64_t right) {
  return std::uint64_t(left) << 32 | std::uint64_t(right);
}

}  // namespace

Tokenizer::Tokenizer(std::string_view merges, const std::string& where) {
  for (const bool ends_word : {false, true})
    for (const unsigned char byte : byte_order()) add({std::string(1, char(byte)), ends_word});
  std::size_t line = 0;
  while (!merges.empty()) {
    const std::size_t end = std::min(merges.find('\n'), merges.size());
    std::string_view entry = merges.substr(0, end);
    merges.remove_prefix(std::min(end + 1, merges.size()));
    ++line;
    while (entry.ends_with('\r') || entry.ends_with(' ')) entry.remove_suffix(1);
    if (entry.empty() || (line == 1 && (entry.starts_with("#version") || entry.find("bpe_simple_vocab") != entry.npos)))
      continue;
    const std::size_t space = entry.find(' ');
    require(space != entry.npos && entry.find(' ', space + 1) == entry.npos, "line ", line, " of ", where,
            " is no merge of two pieces: '", entry, "'.");
    const std::int64_t left = id_of(entry.substr(0, space), where, line),
                       right = id_of(entry.substr(space + 1), where, line);
    const Piece &a = pieces_[std::size_t(left)], &b = pieces_[std::size_t(right)];
    require(!a.ends_word, "line ", line, " of ", where, " merges '", entry, "', whose first piece ends a word.");
    require(pieces_.size() < std::numeric_limits<std::int32_t>::max(), where, " has too many merges.");
    // The first of two equal merges is the one that counts; the later one keeps its id, as in CLIP's list.
    merged_.try_emplace(pair_key(left, right), std::int64_t(pieces_.size()));
    add({a.bytes + b.bytes, b.ends_word});
    merges_.append(entry).append(1, '\n');
  }
}

void Tokenizer::add(Piece piece) {
  ids_.try_emplace(key(piece.bytes, piece.ends_word), std::int64_t(pieces_.size()));
  pieces_.push_back(std::move(piece));
}

std::int64_t Tokenizer::id_of(std::string_view spelling, const std::string& where, std::size_t line) const {
  const bool ends_word = spelling.size() > end_of_word.size() && spelling.ends_with(end_of_word);
  const auto bytes = unspell(ends_word ? spelling.substr(0, spelling.size() - end_of_word.size()) : spelling);
  const auto found = bytes ? ids_.find(key(*bytes, ends_word)) : ids_.end();
  require(found != ids_.end(), "line ", line, " of ", where, " merges '", spelling, "', which no earlier line makes.");
  return found->second;
}

std::vector<std::int64_t> Tokenizer::encode_word(std::string_view word) const {
  std::vector<std::int64_t> ids;
  for (std::size_t i = 0; i < word.size(); ++i) ids.push_back(ids_.at(key(word.substr(i, 1), i + 1 == word.size())));
  while (ids.size() > 1) {
    // The most important merge that applies has the lowest id; all its places are merged, left to right.
    std::int64_t best = std::numeric_limits<std::int64_t>::max(), left = 0, right = 0;
    for (std::size_t i = 0; i + 1 < ids.size(); ++i) {
      const auto found = merged_.find(pair_key(ids[i], ids[i + 1]));
      if (found != merged_.end() && found->second < best) best = found->second, left = ids[i], right = ids[i + 1];
    }
    if (best == std::numeric_limits<std::int64_t>::max()) break;
    std::size_t to = 0;
    for (std::size_t from = 0; from < ids.size(); ++from, ++to) {
      const bool merge = from + 1 < ids.size() && ids[from] == left && ids[from + 1] == right;
      ids[to] = merge ? best : ids[from];
      from += merge;
    }
    ids.resize(to);
  }
  return ids;
}

std::vector<std::int64_t> Tokenizer::encode(std::string_view text) const {
  std::vector<std::int64_t> out;
  const std::string clean = clean_text(text);
  for (const std::string_view word : split_words(clean)) {
    const auto ids = encode_word(word);
    out.insert(out.end(), ids.begin(), ids.end());
  }
  return out;
}

Tensor Tokenizer::tokens(std::span<const std::string> texts, std::int64_t length) const {
  require(length >= 2, "a row of tokens needs room for its start and its end, not a length of ", length, ".");
  Tensor out = at::zeros({std::int64_t(texts.size()), length}, at::kLong);
  auto* row = out.mutable_data_ptr<std::int64_t>();
  for (const std::string& text : texts) {
    auto ids = encode(text);
    ids.resize(std::min(ids.size(), std::size_t(length - 2)));
    row[0] = start();
    *std::copy(ids.begin(), ids.end(), row + 1) = end();
    row += length;
  }
  return out;
}

std::string Tokenizer::decode(std::span<const std::int64_t> ids) const {
  std::string out;
  for (const std::int64_t id : ids) {
    require(id >= 0 && id < vocabulary_size(), "the vocabulary has tokens from 0 to ", vocabulary_size() - 1, ", not ",
            id, ".");
    if (id >= start()) continue;
    const Piece& piece = pieces_[std::size_t(id)];
    out += piece.bytes;
    if (piece.ends_word) out += ' ';
  }
  if (out.ends_with(' ')) out.pop_back();
  return out;
}

std::string spoken(std::string_view class_name) {
  std::string out(class_name);
  std::replace_if(
      out.begin(), out.end(), [](char c) { return c == '_' || c == '-'; }, ' ');
  return out;
}

}  // namespace fedorbit
