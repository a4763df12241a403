#include "federation/aggregation.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/zeros.h>

#include "core/error.hpp"
#include "machine/range.hpp"

namespace fedorbit {
Aggregation::Aggregation(const Layout& layout, const Strategy& strategy, std::string mode)
    : update_length_(layout.size(Owner::shared)),
      length_(update_length_),
      extras_(strategy.extras(layout)),
      mode_(std::move(mode)) {
  for (const auto& entry : layout.entries(Owner::shared)) segments_.push_back({entry.offset, entry.numel});
  tensors_ = segments_.size();
  for (const auto& [name, length] : extras_) {
    segments_.push_back({length_, length});
    length_ += length;
  }
}

namespace {

/// By way of the backend's device: NCCL moves nothing from a CPU.
void all_reduce(Tensor sum, Communicator& communicator) {
  Tensor moved = sum.to(communicator.device());
  communicator.all_reduce(moved);
  sum.copy_(moved);
}

}  // namespace

template <class Use>
void Aggregation::for_each_term(const std::vector<TurnOutcome>& turns, const Use& use) const {
  const auto rows = [](const Tensor& values) { return values.to(at::kCPU, at::kFloat).contiguous(); };
  for (const TurnOutcome& turn : turns) {
    const Tensor update = rows(turn.upload.update), weight = turn.upload.weight.to(at::kCPU).contiguous();
    std::vector<Tensor> extras;
    for (const auto& [name, length] : extras_) {
      const auto sent = turn.upload.extras.find(name);
      require(sent != turn.upload.extras.end() && sent->second.size(1) == length, "the strategy declared ", length,
              " numbers named ", name, " for every client, and did not upload them.");
      extras.push_back(rows(sent->second));
    }
    for (std::size_t k = 0; k < turn.finite.size(); ++k) {
      if (!turn.finite[k]) continue;
      const auto client = std::int64_t(k);
      for (std::size_t i = 0; i < tensors_; ++i)
        use(i, update.const_data_ptr<float>() + client * update_length_ + segments_[i].offset,
            double(weight.const_data_ptr<std::int64_t>()[client]));
      for (std::size_t i = tensors_; i < segments_.size(); ++i)
        use(i, extras[i - tensors_].const_data_ptr<float>() + client * segments_[i].length, 1.0);
    }
  }
}

Tensor Aggregation::largest(const std::vector<TurnOutcome>& turns) const {
  Tensor largest = at::zeros({std::int64_t(segments_.size())}, at::kDouble);
  auto* of = largest.mutable_data_ptr<double>();
  for_each_term(turns, [&](std::size_t i, const float* values, double weight) {
    of[i] = std::max(of[i], weight * double(largest_magnitude(values, segments_[i].length)));
  });
  return largest;
}

Sums Aggregation::sum(const std::vector<TurnOutcome>& turns, const Tensor& largest, std::int64_t weight,
                      std::int64_t clients, Communicator& communicator) const {
  const Range range("sum");
  Tensor total;  // (P + extras) float64
  const auto in_order = [&]<class Number>(Number) {
    total = at::zeros({length_}, c10::CppTypeToScalarType<Number>::value);
    auto* sums = total.mutable_data_ptr<Number>();
    for_each_term(turns, [&](std::size_t i, const float* values, double of_client) {
      for (std::int64_t j = 0; j < segments_[i].length; ++j)
        sums[segments_[i].offset + j] += Number(of_client * double(values[j]));
    });
    all_reduce(total, communicator);
    total = total.to(at::kDouble);
  };
  if (mode_ == "exact") {
    ExactSum exact(segments_, largest, clients, length_);
    for_each_term(turns,
                  [&](std::size_t i, const float* values, double of_client) { exact.add(i, values, of_client); });
    all_reduce(exact.integers(), communicator);
    total = exact.value();
  } else if (mode_ == "float64") {
    in_order(double());
  } else {
    in_order(float());
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
