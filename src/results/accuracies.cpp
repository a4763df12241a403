#include "results/accuracies.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "io/h5.hpp"
#include "results/schema.hpp"

namespace fedorbit {
namespace {

struct Sum {
  std::string scope, task, split;
  std::optional<double> pool{};
  double of_clients = 0;
  std::int64_t clients = 0;
};

std::vector<Score> all_scores(const std::filesystem::path& results) {
  const h5::File file = h5::File::open(results);
  const std::string group = schema::scores().group + "/";
  const auto texts = [&](const char* column) { return file.read_texts(group + column); };
  const auto integers = [&](const std::string& column) { return file.read<std::int64_t>(group + column); };
  const auto scopes = texts("scope"), splits = texts("split"), tasks = texts("task"), metrics = texts("metric");
  const auto rounds = integers(schema::rounds_done), clients = integers("client"), domains = integers("domain"),
             labels = integers("class"), correct = integers("correct"), count = integers("count");
  const auto values = file.read<double>(group + "value");
  std::vector<Score> scores;
  for (std::size_t i = 0; i < scopes.size(); ++i)
    scores.push_back({rounds[i], scopes[i], splits[i], clients[i], domains[i], labels[i], tasks[i], metrics[i],
                      values[i], correct[i], count[i]});
  return scores;
}

}  // namespace

std::vector<std::pair<std::string, double>> accuracies(const std::vector<Score>& scores) {
  std::vector<Sum> sums;
  for (const Score& score : scores) {
    if (score.metric != "accuracy" || score.domain != any || score.label != any) continue;
    auto sum = std::ranges::find_if(
        sums, [&](const Sum& s) { return s.scope == score.scope && s.task == score.task && s.split == score.split; });
    if (sum == sums.end()) sum = sums.insert(sum, {score.scope, score.task, score.split});
    if (score.client == any)
      sum->pool = score.value;
    else
      sum->of_clients += score.value, ++sum->clients;
  }
  std::vector<std::pair<std::string, double>> named;
  for (const Sum& sum : sums) {
    const bool frozen = sum.scope == scope::frozen;
    const bool usual = sum.split == split::test || sum.split == split::all;
    const std::string of_scope = sum.task == task::labelling ? sum.scope : sum.scope + " " + sum.task;
    const std::string name = (frozen ? sum.task : of_scope) + (usual ? "" : " " + sum.split);
    if (sum.pool) named.emplace_back(frozen ? name : name + " pool", *sum.pool);
    if (sum.clients > 0) named.emplace_back(name + " mean", sum.of_clients / double(sum.clients));
  }
  return named;
}

std::vector<Score> latest_scores(const std::filesystem::path& results, std::optional<std::int64_t> until) {
  std::vector<Score> scores = all_scores(results);
  if (until) std::erase_if(scores, [&](const Score& score) { return score.round > *until; });
  std::map<std::array<std::string, 3>, std::int64_t> last;
  for (const Score& score : scores) {
    std::int64_t& round = last[{score.scope, score.task, score.split}];
    round = std::max(round, score.round);
  }
  std::erase_if(scores, [&](const Score& score) {
    return score.round != last[{score.scope, score.task, score.split}];
  });
  return scores;
}

std::vector<std::pair<std::string, std::optional<std::int64_t>>> rounds_to(double accuracy,
                                                                           const std::filesystem::path& results) {
  std::map<std::int64_t, std::vector<Score>> by_round;
  for (const Score& score : all_scores(results))
    if (score.scope != scope::frozen) by_round[score.round].push_back(score);
  std::vector<std::pair<std::string, std::optional<std::int64_t>>> reached;
  for (const auto& [round, scores] : by_round)
    for (const auto& [name, share] : accuracies(scores)) {
      auto of = std::ranges::find(reached, name, [](const auto& pair) { return pair.first; });
      if (of == reached.end()) of = reached.insert(reached.end(), {name, std::nullopt});
      if (share >= accuracy && !of->second) of->second = round;
    }
  return reached;
}

}  // namespace fedorbit
