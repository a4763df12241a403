#include "data/dealing.hpp"

#include <algorithm>
#include <numeric>

namespace fedorbit {
namespace {

/// The place that `at`, uniform in [0, sum of weights), falls on; never one without weight.
std::size_t place_of(double at, const std::vector<double>& weights) {
  std::size_t last = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] <= 0) continue;
    last = i;
    if ((at -= weights[i]) < 0) break;
  }
  return last;
}

double sum(const std::vector<double>& values) { return std::accumulate(values.begin(), values.end(), 0.0); }

}  // namespace

void deal_evenly(const std::vector<std::int64_t>& images, const std::vector<ClientId>& clients, Stream stream,
                 Hands& hands) {
  std::vector<ClientId> order = clients;
  for (std::size_t i = 0; i < images.size(); ++i) {
    const std::size_t seat = i % order.size();
    if (seat == 0) stream.shuffle(std::span(order));
    hands[std::size_t(order[seat])].push_back(images[i]);
  }
}

void deal_stratified(const Pool& pool, Stream stream, Hands& hands) {
  std::vector<std::size_t> order(hands.size());
  std::iota(order.begin(), order.end(), 0);
  stream.shuffle(std::span(order));
  std::size_t seat = 0;
  for (const std::int64_t image : pool.all()) hands[order[seat++ % order.size()]].push_back(image);
}

void cut(const std::vector<std::int64_t>& images, const std::vector<double>& shares,
         const std::vector<ClientId>& clients, Hands& hands) {
  double cumulative = 0;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    cumulative += shares[i];
    const std::size_t end =
        i + 1 == shares.size() ? images.size() : std::min(images.size(), std::size_t(cumulative * images.size() + 0.5));
    for (; begin < end; ++begin) hands[std::size_t(clients[i])].push_back(images[begin]);
  }
}

void deal_by_mixtures(const Pool& pool, const std::vector<std::vector<double>>& mixtures, Stream stream, Hands& hands) {
  std::vector<std::size_t> dealt(pool.by_class.size(), 0);
  const std::size_t images = pool.all().size();
  for (std::size_t i = 0; i < images; ++i) {
    const std::size_t client = i % hands.size();
    std::vector<double> weights = mixtures[client], left;
    for (std::size_t c = 0; c < weights.size(); ++c) {
      left.push_back(double(pool.by_class[c].size() - dealt[c]));
      if (left[c] == 0) weights[c] = 0;
    }
    if (sum(weights) == 0) weights = left;
    const std::size_t c = place_of(stream.uniform() * sum(weights), weights);
    hands[client].push_back(pool.by_class[c][dealt[c]++]);
  }
}

std::vector<double> draw_mixture(const Pool& pool, double alpha, Stream stream) {
  const double images = double(pool.all().size());
  std::vector<double> shares, mixture;
  for (const auto& of_class : pool.by_class) {
    shares.push_back(double(of_class.size()) / images);
    mixture.push_back(of_class.empty() ? 0 : stream.gamma(alpha * shares.back()));
  }
  // Tiny concentrations can underflow every draw to zero; the limit is all of the mass on one class.
  if (sum(mixture) == 0) mixture[place_of(stream.uniform(), shares)] = 1;
  const double all = sum(mixture);
  for (double& share : mixture) share /= all;
  return mixture;
}

}  // namespace fedorbit
