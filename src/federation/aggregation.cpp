#include "federation/aggregation.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <limits>

#include "algorithms/magnitudes.hpp"
#include "comm/way.hpp"
#include "core/error.hpp"
#include "machine/range.hpp"

namespace fedorbit {
namespace {

// An update may be 2^8 times the largest parameter of its tensor, the move of a statistic 2^20 times.
constexpr int room_of_weights = 8, room_of_statistics = 20;
constexpr int nothing = std::numeric_limits<int>::min();  // no value was seen

std::vector<Segment> places(const auto& terms) {
  std::vector<Segment> all;
  for (const auto& term : terms) all.push_back(term.place);
  return all;
}

template <class Number>
void add_product(Number* sum, const float* values, std::int64_t count, double weight) {
  for (std::int64_t j = 0; j < count; ++j) sum[j] += Number(weight * double(values[j]));
}

template <class Number>
void divide(float* out, const Number* sum, std::int64_t count, double divisor) {
  for (std::int64_t j = 0; j < count; ++j) out[j] = float(double(sum[j]) / divisor);
}

std::vector<Tensor> rows_of_extras(const TurnOutcome& turn, const Strategy::Extras& declared) {
  std::vector<Tensor> rows;
  for (const auto& [name, extra] : declared) {
    const Strategy::Named& named = extra.sent ? turn.upload.extras : turn.inspected;
    const auto there = named.find(name);
    require(there != named.end() && there->second.size(1) == extra.length, "the strategy declared ", extra.length,
            " numbers named ", name, " for every client, and did not ", extra.sent ? "upload" : "inspect", " them.");
    rows.push_back(there->second.to(at::kCPU, at::kFloat).contiguous());
  }
  return rows;
}

}  // namespace

Aggregation::Aggregation(const Layout& layout, const Strategy& strategy, const std::string& mode)
    : extras_(strategy.extras(layout)),
      weights_(layout.weights(Owner::shared)),
      statistics_(layout.statistics(Owner::shared)),
      length_(weights_ + statistics_) {
  for (const auto& entry : layout.entries(Owner::shared))
    terms_.push_back(
        {entry.name, {entry.offset, entry.numel}, entry.role == Role::statistic ? Part::statistic : Part::weight, 0});
  for (const auto& [name, extra] : extras_) {
    terms_.push_back(
        {name, {length_, extra.length}, extra.sent ? Part::sent : Part::inspected, exponent_above(extra.bound)});
    length_ += extra.length;
  }
  if (mode == "exact") exact_.emplace(places(terms_));
  if (mode == "float64") plain_type_ = at::kDouble;
}

void Aggregation::begin(const Tensor& parameters, std::int64_t clients, std::int64_t weight) {
  exponents_.assign(terms_.size(), nothing);
  if (!exact_) {
    plain_ = at::zeros({length_}, plain_type_);
    return;
  }
  expected_.clear();
  std::vector<std::int64_t> weights;
  const Tensor values = parameters.contiguous();
  for (const Term& term : terms_) {
    std::int64_t expected = term.bound;
    if (term.part == Part::weight || term.part == Part::statistic) {
      const int room = term.part == Part::weight ? room_of_weights : room_of_statistics;
      const float largest = largest_magnitude(values.const_data_ptr<float>() + term.place.offset, term.place.length);
      expected = std::max<std::int64_t>(expected, room + std::max(0, exponent_above(largest)));
    }
    expected_.push_back(int(std::min<std::int64_t>(expected, 128)));
    weights.push_back(term.part == Part::sent ? clients : weight);
  }
  exact_->begin(expected_, weights);
}

float Aggregation::add(std::size_t term, const float* values, std::int64_t weight) {
  if (exact_) return exact_->add(term, values, weight);
  const auto [offset, length] = terms_[term].place;
  if (plain_.scalar_type() == at::kDouble)
    add_product(plain_.mutable_data_ptr<double>() + offset, values, length, double(weight));
  else
    add_product(plain_.mutable_data_ptr<float>() + offset, values, length, double(weight));
  return 0;
}

std::vector<bool> Aggregation::fold(const TurnOutcome& turn) {
  const Tensor update = turn.upload.update.to(at::kCPU, at::kFloat).contiguous();
  const Tensor statistics = statistics_ > 0 ? turn.statistics.contiguous() : Tensor();
  const std::vector<Tensor> extras = rows_of_extras(turn, extras_);
  const std::size_t tensors = terms_.size() - extras.size();
  // Where a client's numbers of a term are.
  const auto values_of = [&](std::size_t t, std::int64_t client) {
    const auto& [name, place, part, bound] = terms_[t];
    if (part == Part::weight) return update.const_data_ptr<float>() + client * weights_ + place.offset;
    if (part == Part::statistic)
      return statistics.const_data_ptr<float>() + client * statistics_ + place.offset - weights_;
    return extras[t - tensors].const_data_ptr<float>() + client * place.length;
  };
  std::vector<bool> beyond(turn.finite.size(), false);
  for (std::size_t k = 0; k < turn.finite.size(); ++k) {
    if (!turn.finite[k]) continue;
    for (std::size_t t = 0; t < terms_.size(); ++t) {
      const float largest = add(t, values_of(t, std::int64_t(k)), terms_[t].part == Part::sent ? 1 : turn.weights[k]);
      if (!exact_) continue;
      exponents_[t] = std::max<std::int64_t>(exponents_[t], exponent_above(largest));
      beyond[k] = beyond[k] || exponent_above(largest) > expected_[t];
    }
  }
  return beyond;
}

std::vector<std::string> Aggregation::widen(std::span<const std::int64_t> exponents) {
  std::vector<std::string> wider;
  for (std::size_t t = 0; exact_ && t < terms_.size(); ++t) {
    if (exponents[t] <= expected_[t]) continue;
    terms_[t].bound = exponents[t];
    wider.push_back(terms_[t].name);
  }
  return wider;
}

Sums Aggregation::close(std::int64_t clients, std::int64_t weight, Communicator& communicator) {
  const Range range("sum");
  sum_by_way(exact_ ? exact_->integers() : plain_, communicator);
  Sums sums;
  sums.weight = weight;
  sums.clients = clients;
  sums.mean_update = at::empty({weights_}, at::kFloat);
  sums.statistics = at::empty({statistics_}, at::kFloat);
  for (const auto& [name, extra] : extras_) sums.extras[name] = at::empty({extra.length}, at::kFloat);
  // Clients that all weigh nothing move nothing.
  const std::int64_t of_mean = std::max<std::int64_t>(1, weight);
  for (std::size_t t = 0; t < terms_.size(); ++t) {
    const auto& [name, place, part, bound] = terms_[t];
    const auto [offset, length] = place;
    float* out = part == Part::weight      ? sums.mean_update.mutable_data_ptr<float>() + offset
                 : part == Part::statistic ? sums.statistics.mutable_data_ptr<float>() + offset - weights_
                                           : sums.extras.at(name).mutable_data_ptr<float>();
    const std::int64_t divisor = part == Part::sent ? 1 : of_mean;
    if (exact_)
      exact_->quotient(t, divisor, out);
    else if (plain_.scalar_type() == at::kDouble)
      divide(out, plain_.const_data_ptr<double>() + offset, length, double(divisor));
    else
      divide(out, plain_.const_data_ptr<float>() + offset, length, double(divisor));
  }
  // The server's step and exams have that memory.
  if (exact_) exact_->end();
  plain_ = Tensor();
  return sums;
}

Tensor Aggregation::bounds() const {
  std::vector<std::int64_t> kept;
  for (const Term& term : terms_) kept.push_back(term.bound);
  return at::tensor(kept, at::kLong);
}

void Aggregation::restore(const Tensor& bounds) {
  require(bounds.numel() == std::int64_t(terms_.size()), "the checkpoint has bounds of ", bounds.numel(),
          " tensors, and this method sums ", terms_.size(), "; pass --restart to begin anew.");
  for (std::size_t t = 0; t < terms_.size(); ++t) terms_[t].bound = bounds.const_data_ptr<std::int64_t>()[t];
}

}  // namespace fedorbit
