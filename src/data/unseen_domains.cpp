#include <algorithm>
#include <charconv>

#include "core/error.hpp"
#include "core/options.hpp"
#include "core/words.hpp"
#include "data/pools.hpp"

namespace fedorbit {
namespace {

/// By its name, or by its number where no domain bears that name.
std::size_t domain_called(const std::string& word, const Labelled& data) {
  const auto& names = data.domain_names;
  const auto named = std::ranges::find(names, word);
  if (named != names.end()) return std::size_t(named - names.begin());
  std::int64_t number = -1;
  const char* end = word.data() + word.size();
  const auto read = std::from_chars(word.data(), end, number);
  if (read.ec == std::errc() && read.ptr == end && number >= 0 && number < data.domain_count)
    return std::size_t(number);
  std::string all;
  for (const std::string& name : names) all += (all.empty() ? "" : ", ") + name;
  fail("partition.unseen_domains: there is no domain ", word,
       names.empty() ? text("; they are numbered from 0 to ", data.domain_count - 1, ".")
                     : text("; the nearest is ", nearest(word, {names.begin(), names.end()}), ", all are ", all, "."));
}

}  // namespace

std::vector<bool> unseen_domains(const Labelled& data, const PartitionOptions& options) {
  std::vector<bool> unseen(std::size_t(data.domain_count), false);
  for (const std::string& word : listed(options.unseen_domains)) {
    require(data.domain_count > 1, "partition.unseen_domains = ", options.unseen_domains,
            " needs several domains, and the data has one; prepare it with a --domain for each folder.");
    unseen[domain_called(word, data)] = true;
  }
  require(std::ranges::count(unseen, false) > 0, "partition.unseen_domains names all ", data.domain_count,
          " domains: leave one at least to train on.");
  return unseen;
}

}  // namespace fedorbit
