// CLIP's tokenizer: byte-pair encoding (Sennrich et al. 2016, arXiv 1508.07909) on bytes, with an end-of-word mark.
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/tensor.hpp"

namespace fedorbit {

/// Ids: 256 bytes, 256 bytes that end a word, one per merge, start of text, end of text.
class Tokenizer {
 public:
  /// `merges` has a pair of pieces per line in CLIP's spelling ("t h", "th e</w>"), most important first; a first line
  /// that starts with #version or with the file's name is passed over. `where` names the source in errors.
  Tokenizer(std::string_view merges, const std::string& where);

  /// From bpe_simple_vocab_16e6.txt.gz (of which CLIP uses the first 48,894 merges), from a file of merges, from
  /// Hugging Face's tokenizer.json, or from a folder that holds one of them. A vocab.json beside merges.txt and the
  /// vocabulary in tokenizer.json are checked to give the ids that we give.
  static Tokenizer load(const std::filesystem::path& path);
  /// The same from the content of a file that would be called `name`, which stands for it in errors.
  static Tokenizer parse(std::string_view content, const std::string& name);
  /// Whether a folder holds one of file_names(), which is a list for people.
  static bool is_in(const std::filesystem::path& folder);
  static std::string file_names();

  /// Ids of the cleaned text, without start and end.
  std::vector<std::int64_t> encode(std::string_view text) const;
  /// (N, length) int64: start, ids, end, zeros. What is too long is cut, and ends in the end token all the same.
  Tensor tokens(std::span<const std::string> texts, std::int64_t length) const;
  /// The text that the ids stand for, words separated by spaces; start and end are left out.
  std::string decode(std::span<const std::int64_t> ids) const;

  std::int64_t vocabulary_size() const { return std::int64_t(pieces_.size()) + 2; }
  std::int64_t start() const { return std::int64_t(pieces_.size()); }
  std::int64_t end() const { return start() + 1; }
  /// The merges as the constructor reads them, a line each.
  const std::string& merges() const { return merges_; }

 private:
  struct Piece {
    std::string bytes;
    bool ends_word;
  };
  std::int64_t id_of(std::string_view spelling, const std::string& where, std::size_t line) const;
  void add(Piece piece);
  void check_vocabulary(std::string_view content, const std::string& where) const;
  std::vector<std::int64_t> encode_word(std::string_view word) const;

  std::vector<Piece> pieces_;                               // by id
  std::unordered_map<std::string, std::int64_t> ids_;       // by bytes and a final byte: 1 ends a word, 0 does not
  std::unordered_map<std::uint64_t, std::int64_t> merged_;  // (left id, right id) -> id; the smaller goes first
  std::string merges_;
};

/// A class's name as it is put into a prompt: underscores and hyphens become spaces.
std::string spoken(std::string_view class_name);

}  // namespace fedorbit
