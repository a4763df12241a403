// Where vocabularies come from: OpenAI's compressed list, Hugging Face's tokenizer.json or its pair of files, or a
// plain list of merges.
#include <zlib.h>

#include <algorithm>
#include <array>

#include "core/error.hpp"
#include "io/file.hpp"
#include "io/json.hpp"
#include "model/tokenizer/byte_spelling.hpp"
#include "model/tokenizer/tokenizer.hpp"

namespace fedorbit {
namespace {

using nlohmann::json;

constexpr std::int64_t clip_merges = 49152 - 256 - 2;
constexpr std::size_t longest_vocabulary = 64 << 20;  // bytes, decompressed; CLIP's largest has 3.6 million
constexpr std::string_view merges_name = "merges.txt", json_name = "tokenizer.json", vocabulary_name = "vocab.json";
constexpr std::array<std::string_view, 3> names{merges_name, json_name, "bpe_simple_vocab_16e6.txt.gz"};

std::string read_limited(const std::filesystem::path& file) {
  std::error_code failure;
  const std::uintmax_t size = std::filesystem::file_size(file, failure);
  require(!failure, "the vocabulary ", file.string(), " cannot be opened: ", failure.message(), ".");
  require(size <= longest_vocabulary, "the vocabulary ", file.string(), " has ", size, " bytes; at most ",
          longest_vocabulary, " are read.");
  return read_file(file);
}

/// What gzip compressed (RFC 1952), never more than a vocabulary can have.
std::string decompressed(std::string_view bytes, const std::string& where) {
  z_stream stream{};
  require(inflateInit2(&stream, 16 + MAX_WBITS) == Z_OK, "zlib cannot start to decompress ", where, ".");
  const std::unique_ptr<z_stream, int (*)(z_stream*)> closer(&stream, inflateEnd);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = uInt(bytes.size());
  std::string out;
  char block[1 << 14];
  int status = Z_OK;
  while (status == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(block);
    stream.avail_out = sizeof block;
    status = inflate(&stream, Z_NO_FLUSH);
    out.append(block, sizeof block - stream.avail_out);
    require(out.size() <= longest_vocabulary, where, " grows beyond ", longest_vocabulary,
            " bytes when it is decompressed, which no vocabulary does.");
  }
  require(status == Z_STREAM_END, "the vocabulary ", where,
          " cannot be read: ", stream.msg ? stream.msg : "it was cut short or is not compressed by gzip", ".");
  return out;
}

/// The first `count` lines, line breaks included.
std::string_view first_lines(std::string_view text, std::int64_t count) {
  std::size_t end = 0;
  for (; count > 0 && end < text.size(); --count) end = std::min(text.find('\n', end), text.size() - 1) + 1;
  return text.substr(0, end);
}

/// The merges as lines: tokenizer.json has each as "left right" or as a pair.
std::string merges_of(const json& model, const std::string& where) {
  std::string out;
  for (const json& merge : model.at("merges")) {
    const bool pair = merge.is_array() && merge.size() == 2;
    require(pair || merge.is_string(), where, " has the merge ", merge.dump(), ", which is no pair of pieces.");
    out += (pair ? merge[0].get<std::string>() + " " + merge[1].get<std::string>() : merge.get<std::string>()) + "\n";
  }
  return out;
}

}  // namespace

bool Tokenizer::is_in(const std::filesystem::path& folder) {
  return std::any_of(names.begin(), names.end(),
                     [&](std::string_view name) { return std::filesystem::exists(folder / name); });
}

std::string Tokenizer::file_names() { return text(names[0], ", ", names[1], " or ", names[2]); }

Tokenizer Tokenizer::load(const std::filesystem::path& path) {
  if (std::filesystem::is_directory(path)) {
    for (const std::string_view name : names)
      if (std::filesystem::exists(path / name)) return load(path / name);
    fail("the folder ", path.string(), " has no vocabulary: no ", file_names(), ".");
  }
  Tokenizer out = parse(read_limited(path), path.string());
  const auto beside = path.parent_path() / vocabulary_name;
  if (path.extension() == ".txt" && std::filesystem::exists(beside))
    out.check_vocabulary(read_limited(beside), beside.string());
  return out;
}

Tokenizer Tokenizer::parse(std::string_view content, const std::string& name) {
  if (name.ends_with(".gz")) return Tokenizer(first_lines(decompressed(content, name), 1 + clip_merges), name);
  if (!name.ends_with(".json")) return Tokenizer(content, name);
  try {
    const json whole = parse_json(content, name);
    const json& model = whole.at("model");
    require(model.value("type", json("BPE")) == "BPE" && model.value("end_of_word_suffix", json("")) == "</w>", name,
            " is not a CLIP's tokenizer: its model is no BPE with the end of words marked </w>.");
    Tokenizer out(merges_of(model, name), "the merges of " + name);
    out.check_vocabulary(model.at("vocab").dump(), "the vocabulary of " + name);
    return out;
  } catch (const json::exception& cause) {
    fail(name, " is not a tokenizer: ", cause.what(), ".");
  }
}

void Tokenizer::check_vocabulary(std::string_view content, const std::string& where) const {
  const json vocabulary = parse_json(content, where);
  require(vocabulary.is_object(), where, " is no map from tokens to ids.");
  require(std::int64_t(vocabulary.size()) == vocabulary_size(), where, " has ", vocabulary.size(),
          " tokens, but its merges make ", vocabulary_size(), ".");
  for (std::size_t id = 0; id < pieces_.size(); ++id) {
    const std::string spelling = spell(pieces_[id].bytes) + (pieces_[id].ends_word ? "</w>" : "");
    const auto found = vocabulary.find(spelling);
    require(found != vocabulary.end() && *found == id, where, " gives the token '", spelling, "' ",
            found == vocabulary.end() ? "no id" : "the id " + found->dump(), ", but its place among the merges is ", id,
            ".");
  }
}

}  // namespace fedorbit
