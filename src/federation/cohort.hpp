// The clients of a round, and which of them are trained together.
#pragma once
#include <span>
#include <vector>

#include "core/client_id.hpp"
#include "core/keys.hpp"

namespace fedorbit {

/// What became of a client's turn; where ranks differ, the largest counts.
enum class Fate : std::int8_t { counted, beyond_bound, not_finite };

/// Of a client: who trained, from which model.
struct Report {
  ClientId client;
  std::int64_t version;  // how many rounds the model has seen that it started from
};

/// Who takes part in a round, and what became of each turn.
struct Cohort {
  std::span<const Report> reports;  // ascending by client
  std::vector<Fate> fates{};

  std::int64_t size() const { return std::ssize(reports); }
  Fate& fate_of(ClientId client);
  std::vector<ClientId> with(Fate fate) const;
};

/// How many clients a round has: round(participation * clients), at least one.
std::int64_t cohort_size(std::int64_t clients, double participation);

/// `count` of so many clients for a round, ascending, each set equally likely. Costs time and memory for the cohort
/// only.
std::vector<ClientId> draw_cohort(std::int64_t clients, std::int64_t count, std::int64_t round, const Keys& keys);

/// At most `count` of all clients, ascending, the same ones at every call: whose own models are evaluated.
std::vector<ClientId> draw_evaluated(std::int64_t clients, std::int64_t count, const Keys& keys);

/// Consecutive pieces of at most `size` clients: a function of the cohort and the option alone, never of ranks.
std::vector<std::vector<ClientId>> make_groups(const std::vector<ClientId>& clients, std::int64_t size);

}  // namespace fedorbit
