#include "results/view_scores.hpp"

#include <algorithm>
#include <map>

#include "io/h5.hpp"
#include "results/schema.hpp"

namespace fedorbit {
namespace {

struct Sum {
  std::string view;
  double pool = 0, of_clients = 0;
  std::int64_t clients = 0;
};

}  // namespace

std::vector<std::pair<std::string, double>> view_scores(const std::vector<EvaluationRecord>& scores) {
  std::vector<Sum> sums;
  for (const EvaluationRecord& score : scores) {
    if (score.total == 0) continue;
    auto sum = std::ranges::find(sums, score.view, &Sum::view);
    if (sum == sums.end()) sum = sums.insert(sum, {score.view});
    const double accuracy = double(score.correct) / double(score.total);
    if (score.client < 0)
      sum->pool = accuracy;
    else
      sum->of_clients += accuracy, ++sum->clients;
  }
  std::vector<std::pair<std::string, double>> shares;
  for (const Sum& sum : sums)
    shares.emplace_back(sum.view, sum.clients > 0 ? sum.of_clients / double(sum.clients) : sum.pool);
  return shares;
}

std::vector<EvaluationRecord> latest_scores(const std::filesystem::path& results) {
  const h5::File file = h5::File::open(results);
  const std::string group = schema::evaluations().group + "/";
  const auto views = file.read_texts(group + "view");
  const auto rounds = file.read<std::int64_t>(group + schema::rounds_done),
             clients = file.read<std::int64_t>(group + "client"), correct = file.read<std::int64_t>(group + "correct"),
             total = file.read<std::int64_t>(group + "total");
  std::map<std::string, std::int64_t> last;
  for (std::size_t i = 0; i < views.size(); ++i) last[views[i]] = std::max(last[views[i]], rounds[i]);
  std::vector<EvaluationRecord> scores;
  for (std::size_t i = 0; i < views.size(); ++i)
    if (rounds[i] == last[views[i]])
      scores.push_back({rounds[i], views[i], clients[i], correct[i], total[i], 0, {}, {}});
  return scores;
}

}  // namespace fedorbit
