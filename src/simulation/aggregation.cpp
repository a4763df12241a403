#include "simulation/aggregation.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/zeros.h>

#include "core/error.hpp"

namespace fedorbit {

Aggregation::Aggregation(const Layout& layout, const Strategy& strategy, std::string mode)
    : update_length_(layout.size(Kind::shared)),
      length_(update_length_),
      extras_(strategy.extras(layout)),
      mode_(std::move(mode)) {
  for (const auto& entry : layout.entries(Kind::shared)) segments_.push_back({entry.offset, entry.numel});
  for (const auto& [name, length] : extras_) {
    segments_.push_back({length_, length});
    length_ += length;
  }
}

Tensor Aggregation::terms(const TurnOutcome& turn) const {
  std::vector<Tensor> parts{turn.upload.update.to(at::kDouble) * turn.upload.weight.to(at::kDouble).unsqueeze(1)};
  for (const auto& [name, length] : extras_) {
    const auto sent = turn.upload.extras.find(name);
    require(sent != turn.upload.extras.end() && sent->second.size(1) == length, "the strategy declared ", length,
            " numbers named ", name, " for every client, and did not upload them.");
    parts.push_back(sent->second.to(at::kCPU, at::kDouble));
  }
  Tensor all = at::cat(parts, 1);
  for (std::size_t k = 0; k < turn.finite.size(); ++k)
    if (!turn.finite[k]) all[std::int64_t(k)].zero_();
  return all;
}

Tensor Aggregation::largest(const std::vector<TurnOutcome>& turns) const {
  Tensor largest = at::zeros({std::int64_t(segments_.size())}, at::kDouble);
  for (const auto& turn : turns) largest = at::maximum(largest, largest_terms(terms(turn), segments_));
  return largest;
}

Sums Aggregation::sum(const std::vector<TurnOutcome>& turns, const Tensor& largest, std::int64_t weight,
                      std::int64_t clients, Communicator& communicator) const {
  Tensor total;  // (P + extras) float64
  if (mode_ == "exact") {
    ExactSum exact(segments_, largest, clients, length_);
    for (const auto& turn : turns) exact.add(terms(turn));
    communicator.all_reduce(exact.integers());
    total = exact.value();
  } else {
    total = at::zeros({length_}, mode_ == "float64" ? at::kDouble : at::kFloat);
    for (const auto& turn : turns) total += terms(turn).sum(0).to(total.scalar_type());
    communicator.all_reduce(total);
    total = total.to(at::kDouble);
  }
  Sums sums;
  sums.weight = weight;
  sums.clients = clients;
  // Clients that all weigh nothing move nothing.
  sums.mean_update = (total.narrow(0, 0, update_length_) / double(std::max<std::int64_t>(1, weight))).to(at::kFloat);
  std::int64_t offset = update_length_;
  for (const auto& [name, length] : extras_) {
    sums.extras[name] = total.narrow(0, offset, length).to(at::kFloat);
    offset += length;
  }
  return sums;
}

}  // namespace fedorbit
