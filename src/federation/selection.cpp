#include "federation/selection.hpp"

namespace fedorbit {

bool Selection::look(const Server& server, const std::vector<Score>& scores) {
  if (!asked_ || server.round == 0) return false;
  double sum = 0;  // in the order of clients, so that it is the same everywhere
  std::int64_t clients = 0;
  for (const Score& score : scores)
    if (score.scope == scope::global && score.split == split::validation && score.client != any &&
        score.metric == "accuracy")
      sum += score.value, ++clients;
  if (clients == 0) return false;
  const double accuracy = sum / double(clients);
  if (best_ && accuracy <= best_->accuracy) return false;
  best_ = Selected{server.round, accuracy, server.parameters().clone()};
  return true;
}

}  // namespace fedorbit
