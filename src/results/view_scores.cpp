#include "results/view_scores.hpp"

#include <algorithm>

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

}  // namespace fedorbit
