// Where vocabularies come from: OpenAI's compressed list, Hugging Face's pair of files, or a plain list of merges.
#include <zlib.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "core/error.hpp"
#include "model/byte_spelling.hpp"
#include "model/tokenizer.hpp"

namespace fedorbit {
namespace {

constexpr std::int64_t clip_merges = 49152 - 256 - 2;
constexpr const char *openai_name = "bpe_simple_vocab_16e6.txt.gz", *merges_name = "merges.txt",
                     *vocabulary_name = "vocab.json";

/// The whole file, decompressed where it is compressed.
std::string read_text(const std::filesystem::path& file) {
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> stream(gzopen(file.c_str(), "rb"), gzclose);
  require(stream != nullptr, "the vocabulary ", file.string(), " cannot be opened.");
  std::string out;
  char block[1 << 16];
  int count = 0;
  while ((count = gzread(stream.get(), block, sizeof block)) > 0) out.append(block, std::size_t(count));
  int error = Z_OK;
  const char* cause = gzerror(stream.get(), &error);
  require(count == 0 && (error == Z_OK || error == Z_STREAM_END), "the vocabulary ", file.string(),
          " cannot be read: ", cause, ".");
  return out;
}

/// The first `count` lines, line breaks included.
std::string_view first_lines(std::string_view text, std::int64_t count) {
  std::size_t end = 0;
  for (; count > 0 && end < text.size(); --count) end = std::min(text.find('\n', end), text.size() - 1) + 1;
  return text.substr(0, end);
}

}  // namespace

Tokenizer Tokenizer::load(const std::filesystem::path& path) {
  if (std::filesystem::is_directory(path)) {
    for (const char* name : {merges_name, openai_name})
      if (std::filesystem::exists(path / name)) return load(path / name);
    fail("the folder ", path.string(), " has no vocabulary: neither ", merges_name, " nor ", openai_name, ".");
  }
  const std::string text = read_text(path);
  const bool openai = path.extension() == ".gz";
  Tokenizer out(openai ? first_lines(text, 1 + clip_merges) : text, path.string());
  const auto beside = path.parent_path() / vocabulary_name;
  if (!openai && std::filesystem::exists(beside)) out.check_vocabulary(beside);
  return out;
}

void Tokenizer::check_vocabulary(const std::filesystem::path& file) const {
  try {
    const auto vocabulary = nlohmann::json::parse(read_text(file));
    require(vocabulary.is_object() && std::int64_t(vocabulary.size()) == vocabulary_size(), file.string(), " has ",
            vocabulary.size(), " tokens, but the merges beside it make ", vocabulary_size(), ".");
    for (std::size_t id = 0; id < pieces_.size(); ++id) {
      const std::string spelling = spell(pieces_[id].bytes) + (pieces_[id].ends_word ? "</w>" : "");
      const auto found = vocabulary.find(spelling);
      require(found != vocabulary.end() && *found == id, file.string(), " gives the token '", spelling, "' ",
              found == vocabulary.end() ? "no id" : "the id " + found->dump(), ", but its place among the merges is ",
              id, ".");
    }
  } catch (const nlohmann::json::exception& cause) {
    fail(file.string(), " is not a vocabulary: ", cause.what(), ".");
  }
}

}  // namespace fedorbit
