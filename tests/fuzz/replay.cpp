// Every target on its corpus, whole, cut and with seeded changes: `replay CORPUS [ROUNDS]`. Needs no fuzzer.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "core/error.hpp"
#include "core/keys.hpp"
#include "fuzz/targets.hpp"
#include "io/file.hpp"

namespace fedorbit {
namespace {

void change(std::string& bytes, const std::vector<std::string>& corpus, Stream& stream) {
  if (bytes.empty()) return;
  const std::size_t at = stream.below(bytes.size());
  const std::size_t length = stream.below(std::min<std::size_t>(16, bytes.size() - at)) + 1;
  switch (stream.below(6)) {
    case 0:
      bytes[at] = char(stream.bits());
      return;
    case 1:
      bytes[at] = char(bytes[at] ^ 1 << stream.below(8));
      return;
    case 2:
      bytes.erase(at, length);
      return;
    case 3:
      bytes.insert(at, bytes.substr(stream.below(bytes.size()), length));
      return;
    case 4:  // a number that is far too large
      std::fill_n(bytes.begin() + std::ptrdiff_t(at), length, char(0xFF));
      return;
    default: {
      const std::string& other = corpus[stream.below(corpus.size())];
      if (!other.empty()) bytes.replace(at, length, other.substr(stream.below(other.size()), length));
    }
  }
}

bool run(const FuzzTarget& target, const std::string& input) {
  return accepts(target, std::as_bytes(std::span(input)));
}

void replay(const FuzzTarget& target, const std::filesystem::path& folder, int rounds) {
  std::vector<std::filesystem::path> files(std::filesystem::directory_iterator(folder), {});
  std::sort(files.begin(), files.end());
  std::vector<std::string> corpus;
  for (const auto& file : files) corpus.push_back(read_file(file));
  require(!corpus.empty(), "the corpus ", folder.string(), " is empty.");
  int accepted = 0, inputs = 0;
  for (const std::string& seed : corpus) accepted += run(target, seed);
  require(accepted > 0, "target ", target.name, " accepts none of its corpus, so that it would find nothing.");
  Stream stream = Keys(1).stream(Purpose::test);
  for (const std::string& seed : corpus) {
    for (std::size_t size = 0; size < seed.size(); size += 1 + seed.size() / 200, ++inputs)
      run(target, seed.substr(0, size));
    for (int i = 0; i < rounds; ++i, ++inputs) {
      std::string changed = seed;
      for (std::uint64_t k = stream.below(4) + 1; k-- > 0;) change(changed, corpus, stream);
      accepted += run(target, changed);
    }
  }
  std::printf("%s: %zu files, %d inputs, %d accepted\n", std::string(target.name).c_str(), corpus.size(), inputs,
              accepted);
}

}  // namespace
}  // namespace fedorbit

int main(int count, char** arguments) {
  using namespace fedorbit;
  try {
    require(count >= 2, "replay takes the folder with a folder of files for each target.");
    for (const FuzzTarget& target : fuzz_targets())
      replay(target, std::filesystem::path(arguments[1]) / target.name, count > 2 ? std::atoi(arguments[2]) : 3000);
    return 0;
  } catch (const std::exception& cause) {
    std::fprintf(stderr, "%s\n", cause.what());
    return 1;
  }
}
