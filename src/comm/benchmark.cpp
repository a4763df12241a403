#include "comm/benchmark.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/ne.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <cmath>

#include "core/error.hpp"

namespace fedorbit {
namespace {

/// Small whole numbers, different from place to place and from rank to rank, whose sums are exact in every type.
class Pattern {
 public:
  Pattern(const Measurement& what, std::int64_t count, int ranks)
      : ranks_(ranks), ramp_(at::arange(count, at::TensorOptions(what.type).device(what.device)).remainder(13) + 1) {}
  Tensor of(int rank) const { return ramp_ * (rank + 1); }
  Tensor sum() const { return ramp_ * (ranks_ * (ranks_ + 1) / 2); }

 private:
  int ranks_;
  Tensor ramp_;  // (count): 1 to 13
};

std::int64_t differing(const Tensor& found, const Tensor& expected) {
  return at::ne(found, expected).sum().item<std::int64_t>();
}

/// One call on fresh numbers; returns how many of this rank's results are wrong.
std::int64_t call(const Measurement& what, const Pattern& pattern, Communicator& communicator) {
  const int rank = communicator.rank(), ranks = communicator.size();
  switch (what.collective) {
    case Collective::all_reduce: {
      Tensor values = pattern.of(rank);
      communicator.all_reduce(values);
      return differing(values, pattern.sum());
    }
    case Collective::broadcast: {
      Tensor values = pattern.of(rank);
      communicator.broadcast(values);
      return differing(values, pattern.of(0));
    }
    case Collective::all_gather: {
      const Tensor rows = communicator.all_gather(pattern.of(rank));
      std::int64_t wrong = 0;
      for (int other = 0; other < ranks; ++other) wrong += differing(rows[other], pattern.of(other));
      return wrong;
    }
    case Collective::exchange: {
      const std::int64_t each = pattern.of(rank).numel() / ranks;
      std::vector<Tensor> to;
      for (int other = 0; other < ranks; ++other)
        to.push_back(pattern.of(rank).narrow(0, other * each, each).contiguous());
      const std::vector<Tensor> from = communicator.exchange(std::move(to));
      std::int64_t wrong = 0;
      for (int other = 0; other < ranks; ++other)
        wrong += differing(from[std::size_t(other)], pattern.of(other).narrow(0, rank * each, each));
      return wrong;
    }
    case Collective::barrier:
      communicator.barrier();
      return 0;
    case Collective::agree:
    case Collective::gather:
      break;
  }
  fail("the collective ", name(what.collective), " is not measured.");
}

}  // namespace

Measured measure(const Measurement& what, std::int64_t warm_ups, std::int64_t calls, Communicator& communicator) {
  const std::int64_t count = what.bytes / std::int64_t(c10::elementSize(what.type));
  const Pattern pattern(what, count, communicator.size());
  Measured out{what, calls};
  std::vector<double> seconds, agreements;
  for (std::int64_t i = -warm_ups; i < calls; ++i) {
    communicator.barrier();  // agreements below start together
    const Cost before = communicator.ledger().traffic()[what.collective];
    out.wrong += call(what, pattern, communicator);
    const Cost& after = communicator.ledger().traffic()[what.collective];
    if (i < 0) continue;
    seconds.push_back(what.collective == Collective::barrier ? after.waiting_seconds - before.waiting_seconds
                                                             : after.transfer_seconds - before.transfer_seconds);
    agreements.push_back(after.waiting_seconds - before.waiting_seconds);
  }
  const Tensor mine = at::tensor(seconds, at::kDouble);  // (calls)
  Tensor slowest = mine.clone(), wrong = at::tensor(out.wrong);
  communicator.all_reduce(slowest, Reduce::max);
  communicator.all_reduce(wrong);
  const Tensor means = communicator.all_gather(at::stack({mine.mean(), at::tensor(agreements, at::kDouble).mean()}));
  out.wrong = wrong.item<std::int64_t>();
  out.median = slowest.median().item<double>();
  out.lowest = means.select(1, 0).min().item<double>();
  out.mean = means.select(1, 0).mean().item<double>();
  out.highest = means.select(1, 0).max().item<double>();
  out.agreement = means.select(1, 1).mean().item<double>();
  return out;
}

LinkModel fitted(const std::vector<Measured>& measured) {
  // Least squares of (latency + slowness * bytes) / seconds against 1.
  double ll = 0, ls = 0, ss = 0, l = 0, s = 0;
  for (const Measured& one : measured) {
    const double a = 1 / one.median, b = double(one.what.bytes) / one.median;
    ll += a * a, ls += a * b, ss += b * b, l += a, s += b;
  }
  const double determinant = ll * ss - ls * ls;
  require(measured.size() > 1 && determinant > 0,
          "a model of latency and rate wants measurements of at least two sizes.");
  const double slowness = (ll * s - ls * l) / determinant;
  LinkModel model{(ss * l - ls * s) / determinant, 1 / slowness};
  double squares = 0;
  for (const Measured& one : measured) {
    const double error = (model.latency_seconds + slowness * double(one.what.bytes)) / one.median - 1;
    squares += error * error;
  }
  model.relative_error = std::sqrt(squares / double(measured.size()));
  return model;
}

}  // namespace fedorbit
