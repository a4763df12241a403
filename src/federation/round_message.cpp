#include "federation/round_message.hpp"

#include <ATen/ops/from_blob.h>
#include <ATen/ops/tensor.h>

#include <algorithm>

namespace fedorbit {
namespace {

/// Lists the numbers of a report in one fixed order, for writing and reading alike.
template <class Visitor>
void visit(RankReport& report, std::size_t most_clients, Visitor&& number) {
  for (Spent& spent : report.spent) {
    number(spent.round);
    number(spent.phase);
    number(spent.seconds);
    for (Cost& cost : spent.traffic.costs) {
      if (cost.calls == 0) continue;
      number(cost.calls);
      number(cost.bytes);
      number(cost.waiting_seconds);
      number(cost.transfer_seconds);
    }
  }
  for (std::size_t i = 0; i < most_clients; ++i) {
    TurnRecord& turn = report.turns[i];
    number(turn.client);
    number(turn.samples);
    number(turn.steps);
    number(turn.loss);
    number(turn.drift);
    number(turn.upload.payload);
    number(turn.upload.statistics);
    number(turn.upload.extras);
    number(turn.seconds);
    for (double& diagnostic : turn.diagnostics) number(diagnostic);
  }
}

constexpr std::int64_t nobody = -1;

/// Each number becomes the largest of all ranks'.
void make_largest(std::vector<std::int64_t>& numbers, Communicator& communicator) {
  Tensor largest = at::from_blob(numbers.data(), {std::ssize(numbers)}, at::kLong);
  communicator.all_reduce(largest, Reduce::max);
}

/// The report with all of its client slots, empty ones marked.
RankReport padded(const RankReport& report, std::size_t most_clients, std::size_t diagnostics) {
  RankReport full = report;
  TurnRecord empty{};
  empty.client = nobody;
  empty.diagnostics.assign(diagnostics, 0);
  full.turns.resize(most_clients, empty);
  return full;
}

}  // namespace

Verdict agreed(const Verdict& mine, Communicator& communicator) {
  const bool uneventful = std::ranges::all_of(mine.fates, [](Fate fate) { return fate == Fate::counted; });
  std::vector<std::int64_t> numbers{mine.stop, !uneventful};
  numbers.insert(numbers.end(), mine.exponents.begin(), mine.exponents.end());
  make_largest(numbers, communicator);
  Verdict verdict = mine;
  verdict.stop = numbers[0] != 0;
  std::copy(numbers.begin() + 2, numbers.end(), verdict.exponents.begin());
  if (numbers[1] == 0) return verdict;  // nearly always: that of a large cohort is a long message
  numbers.clear();
  for (const Fate fate : mine.fates) numbers.push_back(std::int64_t(fate));
  make_largest(numbers, communicator);
  std::ranges::transform(numbers, verdict.fates.begin(), [](std::int64_t fate) { return Fate(fate); });
  return verdict;
}

std::vector<RankReport> gather_reports(const RankReport& mine, std::size_t most_clients, std::size_t diagnostics,
                                       Communicator& communicator) {
  RankReport full = padded(mine, most_clients, diagnostics);
  std::vector<double> row;
  visit(full, most_clients, [&](auto& value) { row.push_back(double(value)); });
  const Tensor rows = communicator.gather(at::tensor(row, at::kDouble));
  std::vector<RankReport> reports;
  for (std::int64_t r = 0; r < rows.size(0); ++r) {
    const Tensor theirs = rows[r].contiguous();
    const double* next = theirs.const_data_ptr<double>();
    RankReport report = full;
    visit(report, most_clients, [&](auto& value) { value = std::remove_cvref_t<decltype(value)>(*next++); });
    std::size_t count = 0;
    while (count < most_clients && report.turns[count].client != nobody) ++count;
    report.turns.resize(count);
    reports.push_back(std::move(report));
  }
  return reports;
}

std::vector<SpentRecord> spent_records(const std::vector<RankReport>& reports) {
  std::vector<SpentRecord> records;
  for (std::size_t rank = 0; rank < reports.size(); ++rank)
    for (const Spent& spent : reports[rank].spent)
      if (spent.seconds > 0) records.push_back({spent.round, name(spent.phase), std::int64_t(rank), spent.seconds});
  return records;
}

std::vector<TransportRecord> transport_records(const std::vector<RankReport>& reports) {
  std::vector<TransportRecord> records;
  for (std::size_t rank = 0; rank < reports.size(); ++rank)
    for (const Spent& spent : reports[rank].spent)
      for (std::size_t c = 0; c < collective_names.size(); ++c)
        if (const Cost& cost = spent.traffic.costs[c]; cost.calls > 0)
          records.push_back({spent.round, name(spent.phase), std::int64_t(rank), collective_names[c], cost.calls,
                             cost.bytes, cost.waiting_seconds, cost.transfer_seconds});
  return records;
}

}  // namespace fedorbit
