#include "results/figures_of_merit.hpp"

#include <algorithm>
#include <numeric>

#include "core/error.hpp"
#include "core/words.hpp"
#include "io/h5.hpp"
#include "results/accuracies.hpp"
#include "results/schema.hpp"

namespace fedorbit {
namespace {

/// Names are read as far as the equals sign, so they are made of letters, digits and underscores.
std::string name_of(std::string name) {
  std::ranges::replace_if(
      name, [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

}  // namespace

std::string figures_of_merit(const std::filesystem::path& results) {
  const h5::File file = h5::File::open(results);
  std::string lines;
  for (const auto& [name, share] : accuracies(latest_scores(results)))
    lines += text("FOM accuracy_", name_of(name), "=", percent(share), "\n");
  const auto selected = file.read<std::int64_t>(schema::selections().group + "/" + schema::rounds_done);
  if (!selected.empty()) {
    std::vector<Score> of_selected;
    lines += text("FOM selected_after_rounds=", selected.back(), " rounds\n");
    for (const Score& score : latest_scores(results, selected.back()))
      if (score.scope == scope::global) of_selected.push_back(score);
    for (const auto& [name, share] : accuracies(of_selected))
      lines += text("FOM accuracy_selected_", name_of(name), "=", percent(share), "\n");
  }
  const std::string group = schema::rounds().group + "/";
  lines += text("FOM rounds=", file.dataset(group + schema::round).rows(), " rounds\n");
  for (const schema::Column& column : schema::rounds().columns) {
    if (column.units == "byte") {
      const auto values = file.read<std::int64_t>(group + column.name);
      lines +=
          text("FOM ", column.name, "=", std::accumulate(values.begin(), values.end(), std::int64_t{0}), " byte\n");
    } else if (column.units == "s") {
      const auto values = file.read<double>(group + column.name);
      lines += text("FOM ", column.name, "=", fixed(std::accumulate(values.begin(), values.end(), 0.0), 3), " s\n");
    }
  }
  lines.pop_back();
  return lines;
}

}  // namespace fedorbit
