#include "data/split_file.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "core/error.hpp"
#include "core/options.hpp"
#include "io/file.hpp"

namespace fedorbit {
namespace {

using Indices = std::vector<std::int64_t>;

struct Part {
  const char* name;
  Indices Shard::*images;
};
constexpr std::array parts{Part{"train", &Shard::train}, Part{"validation", &Shard::validation},
                           Part{"test", &Shard::test}, Part{"unseen", &Shard::unseen},
                           Part{"public", &Shard::public_images}};
constexpr std::int64_t nobody = -1;

class Listed final : public Partition {
 public:
  Listed(std::vector<Shard> shards, Shard pools, std::int64_t clients) : shards_(std::move(shards)), clients_(clients) {
    pools_ = std::move(pools);
  }
  std::int64_t clients() const override { return clients_; }
  std::int64_t unseen_clients() const override { return std::int64_t(shards_.size()) - clients_; }
  std::int64_t most_images() const override { return fedorbit::most_images(shards_); }
  Shard shard(ClientId client) const override { return shards_.at(std::size_t(client)); }

 private:
  std::vector<Shard> shards_;
  std::int64_t clients_;
};

/// What one line says of an image; where it was said.
struct Claim {
  std::size_t line = 0;  // 0: nothing was said
  std::int64_t client = nobody;
  std::size_t part = 0;
};

/// Goes through a text line by line and knows where it is.
class Lines {
 public:
  Lines(std::string_view words, std::string source) : left_(words), source_(std::move(source)) {}
  bool next() {
    if (left_.empty()) return false;
    const std::size_t end = std::min(left_.find('\n'), left_.size());
    line_ = left_.substr(0, end);
    left_.remove_prefix(std::min(end + 1, left_.size()));
    if (line_.ends_with('\r')) line_.remove_suffix(1);
    ++number_;
    return true;
  }
  std::string_view line() const { return line_; }
  std::size_t number() const { return number_; }
  std::vector<std::string_view> fields() const {
    std::vector<std::string_view> out;
    for (std::string_view rest = line_;; rest.remove_prefix(rest.find(',') + 1)) {
      out.push_back(rest.substr(0, rest.find(',')));
      if (rest.find(',') == rest.npos) return out;
    }
  }
  template <class... Parts>
  void require(bool fine, const Parts&... said) const {
    if (!fine) fail(source_, ", line ", number_, ": ", said...);
  }
  std::int64_t integer(std::string_view word, const char* column) const {
    std::int64_t value = 0;
    const auto read = std::from_chars(word.data(), word.data() + word.size(), value);
    require(read.ec == std::errc() && read.ptr == word.data() + word.size(), column, " \"", word,
            "\" is no whole number.");
    return value;
  }

 private:
  std::string_view left_, line_;
  std::string source_;
  std::size_t number_ = 0;
};

std::string_view trimmed(std::string_view words) {
  const std::size_t first = words.find_first_not_of(' ');
  return first == words.npos ? std::string_view() : words.substr(first, words.find_last_not_of(' ') - first + 1);
}

/// What a comment says of the data, held against them.
void check_comment(const Lines& lines, const Labelled& data) {
  const std::size_t equals = std::min(lines.line().find('='), lines.line().size());
  const std::string_view key = trimmed(lines.line().substr(1, equals - 1)),
                         value = trimmed(lines.line().substr(std::min(equals + 1, lines.line().size())));
  if (key == "images")
    lines.require(lines.integer(value, "images") == std::int64_t(data.labels.size()), "the split is of ", value,
                  " images, and the data has ", data.labels.size(), ": it is another data set's.");
  if (key == "data_sha256" && !data.checksum.empty())
    lines.require(value == data.checksum, "the split is of other data (", value, ") than these (", data.checksum, ").");
}

/// (images): what the lines claim.
std::vector<Claim> read_claims(Lines& lines, const Labelled& data) {
  bool more = lines.next();
  for (; more && lines.line().starts_with('#'); more = lines.next()) check_comment(lines, data);
  std::array<std::size_t, 3> at{};
  const std::vector<std::string_view> names = lines.fields();
  for (std::size_t i = 0; i < at.size(); ++i) {
    constexpr std::array columns{"image", "client", "split"};
    at[i] = std::size_t(std::ranges::find(names, columns[i]) - names.begin());
    lines.require(at[i] < names.size(), "there is no column ", columns[i],
                  "; a line with the names image,client,split is expected after the comments.");
  }
  std::vector<Claim> claims(data.labels.size());
  while (lines.next()) {
    if (lines.line().empty()) continue;
    const std::vector<std::string_view> fields = lines.fields();
    lines.require(fields.size() == names.size(), "it has ", fields.size(), " fields where ", names.size(),
                  " are expected.");
    const std::int64_t image = lines.integer(fields[at[0]], "image"), client = lines.integer(fields[at[1]], "client");
    lines.require(image >= 0 && image < std::int64_t(claims.size()), "there is no image ", image, ": the data has ",
                  claims.size(), ", counted from 0.");
    Claim& claim = claims[std::size_t(image)];
    lines.require(claim.line == 0, "image ", image, " stands here again, after line ", claim.line, ".");
    // Clients without images are refused, so no more of them can be than images.
    lines.require(client >= nobody && client < std::int64_t(claims.size()), "there can be no client ", client,
                  ": they are numbered from 0, and ", claims.size(), " images have as many owners at most.");
    const auto part = std::ranges::find(parts, fields[at[2]], &Part::name);
    if (part == parts.end())
      lines.require(false, "split \"", fields[at[2]], "\" is none of train, validation, test, unseen, public; the ",
                    "nearest is ",
                    nearest(std::string(fields[at[2]]), {"train", "validation", "test", "unseen", "public"}), ".");
    lines.require(part->images != &Shard::public_images || client == nobody, "image ", image,
                  " is public, the server's, and no client's: its client is to be -1.");
    claim = {lines.number(), client, std::size_t(part - parts.begin())};
  }
  return claims;
}

}  // namespace

std::string split_text(const Partition& partition, const Labelled& data) {
  std::vector<Claim> claims(data.labels.size());
  const auto claim = [&](const Shard& images, ClientId client) {
    for (std::size_t p = 0; p < parts.size(); ++p)
      for (const std::int64_t image : images.*parts[p].images) claims[std::size_t(image)] = {1, client, p};
  };
  claim(partition.pools(), nobody);
  for (ClientId client = 0; client < partition.clients() + partition.unseen_clients(); ++client)
    claim(partition.shard(client), client);
  std::string out = text("# FedOrbit split\n");
  if (!data.checksum.empty()) out += text("# data_sha256 = ", data.checksum, "\n");
  out += text("# images = ", claims.size(), "\nimage,client,split\n");
  for (std::size_t i = 0; i < claims.size(); ++i)
    if (claims[i].line > 0) out += text(i, ",", claims[i].client, ",", parts[claims[i].part].name, "\n");
  return out;
}

std::unique_ptr<Partition> parse_split(std::string_view words, const std::string& source, const Labelled& data) {
  Lines lines(words, source);
  const std::vector<Claim> claims = read_claims(lines, data);
  std::vector<Shard> shards;
  Shard pools;
  for (std::size_t i = 0; i < claims.size(); ++i) {
    if (claims[i].line == 0) continue;
    const auto images = parts[claims[i].part].images;
    (pools.*images).push_back(std::int64_t(i));
    if (claims[i].client == nobody) continue;
    if (shards.size() <= std::size_t(claims[i].client)) shards.resize(std::size_t(claims[i].client) + 1);
    (shards[std::size_t(claims[i].client)].*images).push_back(std::int64_t(i));
  }
  const auto clients =
      std::int64_t(std::ranges::find_if(shards, [](const Shard& s) { return !s.unseen.empty(); }) - shards.begin());
  require(clients > 0, source, ": no client trains; lines that give training images to client 0 and on are expected.");
  for (std::int64_t client = 0; client < std::int64_t(shards.size()); ++client) {
    const Shard& shard = shards[std::size_t(client)];
    const bool trains = client < clients;
    require(!trains || !shard.train.empty(), source, ": client ", client,
            " has no training image; clients that train are numbered from 0 without a gap, each with one at least.");
    require(trains || (shard.train.empty() && shard.validation.empty() && shard.test.empty()), source, ": client ",
            client, " has images that train or test, but is numbered after client ", clients,
            ", which is unseen: unseen clients have no other images, and come after all others.");
    require(trains || !shard.unseen.empty(), source, ": client ", client,
            " has no image; clients are numbered without a gap.");
  }
  return std::make_unique<Listed>(std::move(shards), std::move(pools), clients);
}

std::unique_ptr<Partition> read_split(const std::filesystem::path& file, const Labelled& data) {
  require(!file.empty(), "partition.kind = \"file\" needs partition.file, the split.csv of a run or a file like it.");
  require(std::filesystem::exists(file), "partition.file = ", file.string(), " does not exist.");
  require(std::filesystem::is_regular_file(file), "partition.file = ", file.string(), " is no file.");
  return parse_split(read_file(file), file.string(), data);
}

}  // namespace fedorbit
