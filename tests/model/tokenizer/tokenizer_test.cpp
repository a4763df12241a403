// Token ids are those of open_clip (tests/golden/make_tokens.py), and vocabularies are what they claim.
#include "model/tokenizer/tokenizer.hpp"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <zlib.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/error.hpp"
#include "core/fingerprint.hpp"
#include "io/file.hpp"
#include "model/tokenizer/bpe_training.hpp"
#include "model/tokenizer/clean_text.hpp"
#include "support/checks.hpp"
#include "support/source_folder.hpp"

namespace fedorbit {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Ids = std::vector<std::int64_t>;

const std::filesystem::path source = source_folder();
const std::filesystem::path vocabulary = source / "../shared/data/bpe";

#define NEEDS_CLIPS_VOCABULARY() \
  if (!std::filesystem::exists(vocabulary)) GTEST_SKIP() << "CLIP's vocabulary is not at " << vocabulary

TEST(Tokenizer, gives_the_ids_that_open_clip_gives) {
  NEEDS_CLIPS_VOCABULARY();
  const Tokenizer tokenizer = Tokenizer::load(vocabulary / "bpe_simple_vocab_16e6.txt.gz");
  EXPECT_EQ(tokenizer.vocabulary_size(), 49408);
  std::ifstream stream(source / "tests/golden/tokens.json");
  const auto golden = nlohmann::json::parse(stream);
  ASSERT_GT(golden.size(), 250u);
  for (const auto& entry : golden)
    EXPECT_EQ(tokenizer.encode(entry["text"].get<std::string>()), entry["ids"].get<Ids>()) << entry["text"];
}

TEST(Tokenizer, gives_open_clips_ids_for_captions_emoji_control_characters_and_references) {
  NEEDS_CLIPS_VOCABULARY();
  const Tokenizer tokenizer = Tokenizer::load(vocabulary / "bpe_simple_vocab_16e6.txt.gz");
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(gzopen((source / "tests/golden/tokens.gz").c_str(), "rb"),
                                                        gzclose);
  ASSERT_NE(file, nullptr);
  std::string all;
  char block[4096];
  for (int count = 0; (count = gzread(file.get(), block, sizeof block)) > 0;) all.append(block, std::size_t(count));
  std::istringstream lines(all);
  int strings = 0;
  for (std::string line; std::getline(lines, line); ++strings) {
    const auto space = line.find(' ');
    const auto string = nlohmann::json::parse(line.substr(space + 1)).get<std::string>();
    std::string ids;
    for (const std::int64_t id : tokenizer.encode(string)) ids += text(ids.empty() ? "" : " ", id);
    const std::uint64_t hash = fingerprint(ids);
    EXPECT_EQ(std::stoull(line), (hash >> 32 ^ (hash & 0xFFFFFFFF))) << string;
  }
  EXPECT_GT(strings, 1200);
}

TEST(Tokenizer, reads_the_same_vocabulary_from_hugging_faces_pair_of_files) {
  NEEDS_CLIPS_VOCABULARY();
  const Tokenizer a = Tokenizer::load(vocabulary / "bpe_simple_vocab_16e6.txt.gz"), b = Tokenizer::load(vocabulary);
  EXPECT_EQ(a.merges(), b.merges());
  EXPECT_EQ(b.start(), 49406);
}

TEST(Tokenizer, decodes_what_it_encoded) {
  const Tokenizer tokenizer("r u\nru n\nrun w\nrunw a\nrunwa y</w>\n", "memory");
  const Ids ids = tokenizer.encode("RUNWAY  9, über");
  EXPECT_EQ(ids.front(), 516);
  EXPECT_EQ(tokenizer.decode(ids), "runway 9 , über");
  EXPECT_THROW(tokenizer.decode(Ids{tokenizer.vocabulary_size()}), Error);
}

TEST(Tokenizer, numbers_bytes_merges_start_and_end_in_that_order) {
  const Tokenizer tokenizer("a b\n", "memory");
  EXPECT_EQ(tokenizer.vocabulary_size(), 512 + 1 + 2);
  EXPECT_EQ(tokenizer.end(), 514);
  EXPECT_THAT(tokenizer.encode("abc !"), ElementsAre(512, 256 + 'c' - '!', 256));
}

TEST(Tokenizer, applies_the_most_important_merge_first_and_everywhere) {
  const Tokenizer tokenizer("b a\na b\nba ba\n", "memory");
  // abababz: (ba) comes before (ab), so a ba ba b z, then a baba b z.
  EXPECT_THAT(tokenizer.encode("abababz"), ElementsAre('a' - '!', 514, 'b' - '!', 256 + 'z' - '!'));
}

TEST(Tokenizer, rows_of_tokens_start_end_and_are_padded_or_cut) {
  const Tokenizer tokenizer("", "memory");
  const std::vector<std::string> texts{"a", "abcdef"};
  const Tensor tokens = tokenizer.tokens(texts, 5);
  const std::int64_t a = 'a' - '!';
  EXPECT_TRUE(at::equal(tokens[0],
                        at::tensor({std::int64_t(512), a + 256, std::int64_t(513), std::int64_t(0), std::int64_t(0)})));
  EXPECT_TRUE(at::equal(tokens[1], at::tensor({std::int64_t(512), a, a + 1, a + 2, std::int64_t(513)})));
}

TEST(Tokenizer, a_broken_list_of_merges_is_refused_by_its_line) {
  EXPECT_THAT(sentence([] { Tokenizer("a b\nab\n", "memory"); }), HasSubstr("line 2 of memory is no merge"));
  EXPECT_THAT(sentence([] { Tokenizer("a b\nx yz\n", "memory"); }),
              HasSubstr("merges 'yz', which no earlier line makes"));
  EXPECT_THAT(sentence([] { Tokenizer("a</w> b\n", "memory"); }), HasSubstr("first piece ends a word"));
  EXPECT_THAT(sentence([] { Tokenizer::load("/nowhere/merges.txt"); }), HasSubstr("cannot be opened"));
  EXPECT_THAT(sentence([] { Tokenizer::load("/proc/self"); }), HasSubstr("no vocabulary"));
}

TEST(Tokenizer, a_vocabulary_that_contradicts_its_merges_is_refused) {
  const auto folder = std::filesystem::temp_directory_path() / text("fedorbit-tokenizer-", ::getpid());
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "merges.txt") << "a b\n";
  std::ofstream(folder / "vocab.json") << R"({"a": 1})";
  EXPECT_THAT(sentence([&] { Tokenizer::load(folder); }), HasSubstr("has 1 tokens, but its merges make 515"));
  std::ofstream(folder / "vocab.json") << "{";
  EXPECT_THAT(sentence([&] { Tokenizer::load(folder); }), HasSubstr("vocab.json is not JSON"));
  std::filesystem::remove_all(folder);
}

TEST(Tokenizer, reads_hugging_faces_single_file_in_both_its_spellings) {
  const std::string single = read_file(source / "tests/golden/clip_resnet/tokenizer.json");
  const Tokenizer plain = Tokenizer::load(source / "tests/golden/clip_open_clip/merges.txt");
  EXPECT_EQ(Tokenizer::parse(single, "tokenizer.json").merges(), plain.merges());
  auto pairs = nlohmann::json::parse(single);
  for (auto& merge : pairs["model"]["merges"]) {
    const auto words = merge.get<std::string>();
    const auto space = words.find(' ');
    merge = {words.substr(0, space), words.substr(space + 1)};
  }
  EXPECT_EQ(Tokenizer::parse(pairs.dump(), "tokenizer.json").merges(), plain.merges());
  const auto after = [&](const std::function<void(nlohmann::json&)>& change) {
    auto json = pairs;
    change(json);
    return sentence([&] { Tokenizer::parse(json.dump(), "tokenizer.json"); });
  };
  EXPECT_THAT(after([](auto& j) { j["model"]["vocab"]["run"] = 3; }), HasSubstr("gives the token 'run' the id 3"));
  EXPECT_THAT(after([](auto& j) { j["model"]["vocab"].erase("run"); }), HasSubstr("its merges make 525"));
  EXPECT_THAT(after([](auto& j) { j["model"]["type"] = "WordPiece"; }), HasSubstr("not a CLIP's tokenizer"));
  EXPECT_THAT(after([](auto& j) { j["model"]["merges"][0] = 3; }), HasSubstr("no pair of pieces"));
  EXPECT_THAT(after([](auto& j) { j.erase("model"); }), HasSubstr("is not a tokenizer"));
}

TEST(Tokenizer, a_compressed_vocabulary_that_is_cut_or_grows_without_end_is_refused) {
  const auto gz = [](const std::string& text) {
    std::string out(compressBound(text.size()) + 32, '\0');
    z_stream stream{};
    deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = uInt(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = uInt(out.size());
    deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
  };
  const std::string whole = gz("#version\na b\n");
  EXPECT_EQ(Tokenizer::parse(whole, "v.gz").merges(), "a b\n");
  EXPECT_THAT(sentence([&] { Tokenizer::parse(whole.substr(0, whole.size() - 9), "v.gz"); }),
              HasSubstr("cannot be read"));
  EXPECT_THAT(sentence([&] { Tokenizer::parse("a b\n", "v.gz"); }), HasSubstr("cannot be read"));
  EXPECT_THAT(sentence([&] { Tokenizer::parse(gz(std::string(80 << 20, ' ')), "v.gz"); }), HasSubstr("grows beyond"));
}

TEST(Tokenizer, text_that_is_not_utf8_is_refused) {
  const Tokenizer tokenizer("", "memory");
  for (const char* bad : {"\xff", "a\xc3", "\xed\xa0\x80", "\xc0\x80", "\xf4\x90\x80\x80"})
    EXPECT_THAT(sentence([&] { tokenizer.encode(bad); }), HasSubstr("not UTF-8")) << bad;
  EXPECT_TRUE(tokenizer.encode("").empty());
  EXPECT_TRUE(tokenizer.encode(" \n\t ").empty());
}

TEST(Tokenizer, any_bytes_are_encoded_or_refused_and_never_crash) {
  const Tokenizer tokenizer("t h\nth e</w>\n", "memory");
  std::uint32_t state = 1;
  for (int i = 0; i < 3000; ++i) {
    std::string bytes;
    for (std::uint32_t n = state % 12; n-- > 0; bytes += char(state >> 24 & (i % 2 ? 0x7F : 0xFF)))
      state = state * 1664525u + 1013904223u;
    state = state * 1664525u + 1013904223u;
    const std::string said = sentence([&] { EXPECT_LE(tokenizer.encode(bytes).size(), 3 * bytes.size() + 64); });
    EXPECT_TRUE(said == "(none)" || said.find("not UTF-8") != said.npos) << said;
  }
}

TEST(CleanText, lower_cases_as_unicode_does_and_resolves_entities) {
  EXPECT_EQ(clean_text("ΟΔΥΣΣΕΥΣ İ ẞ Ǆ"), "οδυσσευς i̇ ß dž");
  EXPECT_EQ(unescape_html("&eacute;&hellip;&#x1F6F0;&#0;&#xD800;&nosuch;&;&#;&#xZ;&"),
            "é…🛰\uFFFD\uFFFD&nosuch;&;&#;&#xZ;&");
  EXPECT_EQ(unescape_html("&notit; &notin; &eacuteX &#65 &#x41 &#99999999999; &#128;&NTILDE;"),
            "¬it; ∉ éX A A \uFFFD €&NTILDE;");
  EXPECT_EQ(unescape_whole_references("&notit; &notin; &eacute &#65 &#65; &NTILDE; &;&#;"),
            "&notit; ∉ &eacute &#65 A Ñ &;&#;");
  EXPECT_EQ(clean_text(" a\xc2\xa0 b "), "a b");
  EXPECT_EQ(clean_text("&lt;A&gt; &#x26; &amp;amp;"), "<a> & &");
}

TEST(SpokenNames, underscores_and_hyphens_become_spaces) { EXPECT_EQ(spoken("parking_lot-2"), "parking lot 2"); }

TEST(BpeTraining, merges_the_most_frequent_pairs_first_and_ties_in_order) {
  const std::vector<std::string> captions{"low low low", "lower lower", "newest", "Newest newest"};
  const std::string merges = train_merges(captions, 4);
  // low x 3, lower x 2, newest x 3: "l o" and "w e" occur 5 times; then "e we" (in newest) is the first of the threes,
  // and "ewe s" sorts before "lo w</w>".
  EXPECT_EQ(merges, "l o\nw e\ne we\newe s\n");
  EXPECT_EQ(train_merges(captions, 4), merges);
}

TEST(BpeTraining, what_it_makes_shortens_its_captions_and_reads_back) {
  const std::vector<std::string> captions(3, "a satellite photo of a railway station");
  const Tokenizer tokenizer(train_merges(captions, 200), "memory");
  EXPECT_EQ(tokenizer.encode(captions[0]).size(), 7u);
  EXPECT_EQ(tokenizer.decode(tokenizer.encode("a railway")), "a railway");
  EXPECT_EQ(train_merges({}, 5), "");
}

}  // namespace
}  // namespace fedorbit
