#include "federation/mirror.hpp"

#include <algorithm>
#include <numeric>

namespace fedorbit {

void Held::advance(const Tensor& read, std::int64_t message_bytes, std::int64_t whole) {
  values = read;
  bytes.push_back(message_bytes);
  // A client that needs them all is sent the whole.
  std::int64_t sum = std::accumulate(bytes.begin(), bytes.end(), std::int64_t{0});
  auto oldest = bytes.begin();
  for (; oldest != bytes.end() && sum >= whole; ++oldest) sum -= *oldest;
  bytes.erase(bytes.begin(), oldest);
}

std::int64_t Held::bill(std::int64_t rounds_since, std::int64_t message_bytes, std::int64_t whole) const {
  const auto missed = std::ptrdiff_t(rounds_since - 1);
  if (missed > std::ssize(bytes)) return whole;
  return std::min(whole, std::accumulate(bytes.end() - missed, bytes.end(), message_bytes));
}

std::int64_t Mirror::bill(const std::string& name, ClientId client, std::int64_t round, std::int64_t bytes,
                          std::int64_t whole) const {
  const auto held = contents_.find(name);
  const auto last = last_.find(client);
  if (last != last_.end() && last->second == round) return 0;
  if (held == contents_.end() || last == last_.end()) return whole;
  return held->second.bill(round - last->second, bytes, whole);
}

void Mirror::advance(const std::string& name, const Tensor& read, std::int64_t bytes, std::int64_t whole) {
  const auto [held, first] = contents_.try_emplace(name, Held{read});
  if (!first) held->second.advance(read, bytes, whole);
}

}  // namespace fedorbit
