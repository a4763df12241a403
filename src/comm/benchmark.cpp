#include "comm/benchmark.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/ne.h>
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <malloc.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/clock.hpp"
#include "core/error.hpp"

namespace fedorbit {
namespace {

/// Zeros that begin where a page does, as the buffers of osu_allreduce do.
Tensor buffer(at::IntArrayRef shape, const at::TensorOptions& options) {
  constexpr std::int64_t page = 4096;
  const std::int64_t bytes = c10::multiply_integers(shape) * std::int64_t(options.dtype().itemsize());
  const Tensor space = at::zeros({bytes + page}, options.dtype(at::kByte));
  const auto address = reinterpret_cast<std::uintptr_t>(space.const_data_ptr());
  return space.narrow(0, std::int64_t((page - address % page) % page), bytes)
      .view(options.dtype().toScalarType())
      .view(shape);
}

/// Small whole numbers, different from place to place and from rank to rank, whose sums are exact in every type. They
/// lie in memory that is kept, as a benchmark's buffers are: what is timed is a call, not pages that it finds new.
class Pattern {
 public:
  Pattern(const Measurement& what, std::int64_t count)
      : ramp_(at::arange(count, at::TensorOptions(what.type).device(what.device)).remainder(13) + 1),
        mine_(buffer({count}, ramp_.options())),
        expected_(at::empty_like(ramp_)) {}

  /// The numbers of a rank, to be moved in place; overwrites those of before.
  Tensor& mine(int rank) { return at::mul_out(mine_, ramp_, at::scalar_tensor(rank + 1, ramp_.options())); }
  /// What a rank handed in, and the sum over all; each overwrites the one before.
  const Tensor& of(int rank) { return times(rank + 1); }
  const Tensor& sum(std::int64_t ranks) { return times(ranks * (ranks + 1) / 2); }

 private:
  const Tensor& times(std::int64_t factor) {
    return at::mul_out(expected_, ramp_, at::scalar_tensor(factor, ramp_.options()));
  }

  Tensor ramp_;  // (count): 1 to 13
  Tensor mine_, expected_;
};

std::int64_t differing(const Tensor& found, const Tensor& expected) {
  return at::equal(found, expected) ? 0 : at::ne(found, expected).sum().item<std::int64_t>();
}

/// Of what `of_all` then holds, or of an exchange's equal shares one after the other.
std::int64_t wrong_in(const Tensor& of_all, Collective collective, Pattern& pattern, int rank, int ranks) {
  if (collective == Collective::all_reduce) return differing(of_all, pattern.sum(ranks));
  if (collective == Collective::broadcast) return differing(of_all, pattern.of(0));
  if (collective == Collective::barrier) return 0;
  std::int64_t wrong = 0;
  for (int other = 0; other < ranks; ++other) {
    const Tensor& sent = pattern.of(other);
    const std::int64_t share = sent.numel() / ranks;
    if (collective == Collective::all_gather) wrong += differing(of_all[other], sent);
    if (collective == Collective::exchange)
      wrong += differing(of_all.narrow(0, other * share, share), sent.narrow(0, rank * share, share));
  }
  return wrong;
}

/// One call on that rank's numbers; returns how many of this rank's results are wrong.
std::int64_t call(const Measurement& what, Pattern& pattern, Communicator& communicator) {
  const int rank = communicator.rank(), ranks = communicator.size();
  Tensor result;
  switch (what.collective) {
    case Collective::all_reduce:
      communicator.all_reduce(result = pattern.mine(rank));
      break;
    case Collective::broadcast:
      communicator.broadcast(result = pattern.mine(rank));
      break;
    case Collective::all_gather:
      result = communicator.all_gather(pattern.mine(rank));
      break;
    case Collective::exchange:
      result = at::cat(communicator.exchange(pattern.mine(rank).chunk(ranks)));
      break;
    case Collective::barrier:
      communicator.barrier();
      break;
    case Collective::agree:
    case Collective::gather:
      fail("the collective ", name(what.collective), " is not measured.");
  }
  return wrong_in(result, what.collective, pattern, rank, ranks);
}

/// Mean seconds on this rank of the library's own calls, by the loop of osu_allreduce: separate buffers kept over all
/// calls, a barrier before each, the clock around each. NaN where there is no such call.
double bare(const Measurement& what, std::int64_t warm_ups, std::int64_t calls, Pattern& pattern,
            Communicator& communicator, std::int64_t& wrong) {
  const int rank = communicator.rank(), ranks = communicator.size();
  Tensor& mine = pattern.mine(rank);
  Tensor of_all = what.collective == Collective::all_gather ? buffer({ranks, mine.numel()}, mine.options())
                                                            : buffer({mine.numel()}, mine.options());
  Tensor nothing = at::empty({0}, mine.options());
  double seconds = 0;
  for (std::int64_t i = -warm_ups; i < calls; ++i) {
    communicator.call_bare(Collective::barrier, nothing, nothing);
    const Stopwatch watch;
    if (!communicator.call_bare(what.collective, mine, of_all)) return std::numeric_limits<double>::quiet_NaN();
    if (i >= 0) seconds += watch.seconds();
  }
  wrong += wrong_in(what.collective == Collective::broadcast ? mine : of_all, what.collective, pattern, rank, ranks);
  return seconds / double(calls);
}

}  // namespace

Measured measure(const Measurement& what, std::int64_t warm_ups, std::int64_t calls, Communicator& communicator) {
  malloc_trim(0);  // what sizes before this one left free would spare the library fresh memory of its own
  const std::int64_t count = what.bytes / std::int64_t(c10::elementSize(what.type));
  Pattern pattern(what, count);
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
  const double alone = bare(what, warm_ups, calls, pattern, communicator, out.wrong);
  const Tensor mine = at::tensor(seconds, at::kDouble);  // (calls)
  Tensor slowest = mine.clone(), wrong = at::tensor(out.wrong);
  communicator.all_reduce(slowest, Reduce::max);
  communicator.all_reduce(wrong);
  const Tensor means = communicator.all_gather(
      at::stack({mine.mean(), at::tensor(agreements, at::kDouble).mean(), at::scalar_tensor(alone, at::kDouble)}));
  out.wrong = wrong.item<std::int64_t>();
  out.median = slowest.median().item<double>();
  out.lowest = means.select(1, 0).min().item<double>();
  out.mean = means.select(1, 0).mean().item<double>();
  out.highest = means.select(1, 0).max().item<double>();
  out.agreement = means.select(1, 1).mean().item<double>();
  out.bare = means.select(1, 2).mean().item<double>();
  return out;
}

std::optional<LinkModel> fitted(const std::vector<Measured>& measured) {
  // Least squares of (latency + slowness * bytes) / seconds against 1.
  double ll = 0, ls = 0, ss = 0, l = 0, s = 0;
  for (const Measured& one : measured) {
    const double a = 1 / one.median, b = double(one.what.bytes) / one.median;
    ll += a * a, ls += a * b, ss += b * b, l += a, s += b;
  }
  const double determinant = ll * ss - ls * ls;
  if (measured.size() < 2 || !(determinant > 0)) return std::nullopt;
  const double slowness = (ll * s - ls * l) / determinant;
  LinkModel model{(ss * l - ls * s) / determinant, 1 / slowness};
  if (!(slowness > 0 && model.latency_seconds > 0)) return std::nullopt;
  double squares = 0;
  for (const Measured& one : measured) {
    const double error = (model.latency_seconds + slowness * double(one.what.bytes)) / one.median - 1;
    squares += error * error;
  }
  model.relative_error = std::sqrt(squares / double(measured.size()));
  return model;
}

}  // namespace fedorbit
