#include "comm/communicator.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "comm/lifeline.hpp"
#include "core/clock.hpp"
#include "core/error.hpp"

namespace fedorbit {
namespace {

/// A device works behind the host's back: what it still has to do must be done before the clock is read.
void settle(const Tensor& tensor) {
  if (!tensor.defined() || tensor.is_cpu()) return;
  c10::impl::VirtualGuardImpl(tensor.device().type()).synchronizeDevice(tensor.device().index());
}

void require_movable(const Tensor& tensor, Collective collective) {
  require(tensor.defined(), name(collective), " was called with a tensor that does not exist.");
  require(tensor.is_contiguous(), name(collective),
          " was called with a tensor that is not contiguous in memory; call "
          "contiguous() on it first.");
}

Signature signature(Collective collective, const Tensor& tensor, Reduce reduce = Reduce::sum) {
  return {.collective = collective,
          .dtype = std::int64_t(tensor.scalar_type()),
          .device = std::int64_t(tensor.device().type()),
          .reduce = reduce,
          .numel = tensor.numel()};
}

}  // namespace

Communicator::Communicator(Place place) : place_(place) {}
Communicator::~Communicator() = default;

void Communicator::agree(Signature mine) {
  mine.call = ++calls_;
  const std::uint64_t hash = fingerprint(mine);
  std::array largest{hash, ~hash};  // where the largest and the smallest are the same, all are
  find_largest(largest);
  Cost& cost = ledger_.traffic()[Collective::agree];
  cost.calls += 1;
  cost.bytes += sizeof largest;
  if (largest[0] == ~largest[1]) return;
  std::vector<Signature> of_all(size());
  gather_bytes(&mine, of_all.data(), sizeof mine);
  require_same(of_all);
}

template <class Move>
void Communicator::account(const Signature& mine, const Tensor& of_device, std::int64_t bytes, Move move) {
  settle(of_device);
  Stopwatch watch;
  agree(mine);
  Cost& cost = ledger_.traffic()[mine.collective];
  cost.waiting_seconds += watch.seconds();
  watch.restart();
  move();
  settle(of_device);
  cost.transfer_seconds += watch.seconds();
  cost.calls += 1;
  cost.bytes += bytes;
}

void Communicator::agree(const std::string& what, std::uint64_t fingerprint) {
  Signature mine{.collective = Collective::agree, .fingerprint = fingerprint};
  what.copy(mine.subject.data(), mine.subject.size() - 1);
  Stopwatch watch;
  agree(mine);
  ledger_.traffic()[Collective::agree].waiting_seconds += watch.seconds();
}

void Communicator::barrier() {
  account({.collective = Collective::barrier}, {}, 0, [] {});
}

void Communicator::broadcast(Tensor& tensor) {
  require_movable(tensor, Collective::broadcast);
  account(signature(Collective::broadcast, tensor), tensor, std::int64_t(tensor.nbytes()), [&] {
    if (tensor.numel() > 0) move_broadcast(tensor);
  });
}

void Communicator::all_reduce(Tensor& tensor, Reduce reduce) {
  require_movable(tensor, Collective::all_reduce);
  const auto type = tensor.scalar_type();
  require(type == at::kFloat || type == at::kDouble || type == at::kLong, "all_reduce was called with ",
          c10::toString(type), " values; it reduces float32, float64 and int64.");
  account(signature(Collective::all_reduce, tensor, reduce), tensor, std::int64_t(tensor.nbytes()), [&] {
    if (tensor.numel() > 0) move_all_reduce(tensor, reduce);
  });
}

Tensor Communicator::all_gather(const Tensor& row) {
  require_movable(row, Collective::all_gather);
  std::vector<std::int64_t> shape{size()};
  shape.insert(shape.end(), row.sizes().begin(), row.sizes().end());
  Tensor rows = at::empty(shape, row.options().requires_grad(false));
  account(signature(Collective::all_gather, row), row, std::int64_t(row.nbytes()), [&] {
    if (row.numel() > 0) move_all_gather(row, rows);
  });
  return rows;
}

Tensor Communicator::gather(const Tensor& row) {
  require_movable(row, Collective::gather);
  std::vector<std::int64_t> shape{root() ? size() : 0};
  shape.insert(shape.end(), row.sizes().begin(), row.sizes().end());
  Tensor rows = at::empty(shape, row.options().requires_grad(false));
  account(signature(Collective::gather, row), row, std::int64_t(row.nbytes()), [&] {
    if (row.numel() == 0) return;
    std::vector<Tensor> to(std::size_t(size()), at::empty({0}, rows.options())), from = to;
    to[0] = row;
    for (int sender = 0; root() && sender < size(); ++sender) from[std::size_t(sender)] = rows[sender];
    if (root()) rows[0].copy_(row.detach());
    move_messages(to, from);
  });
  return rows;
}

std::vector<Tensor> Communicator::exchange(std::vector<Tensor> to_each_rank) {
  require(int(to_each_rank.size()) == size(), "exchange was called with ", to_each_rank.size(),
          " tensors; it takes one for each of the ", size(), " ranks.");
  std::vector<std::int64_t> lengths;
  std::int64_t bytes = 0;
  for (const Tensor& message : to_each_rank) {
    require_movable(message, Collective::exchange);
    require(message.scalar_type() == at::kFloat && message.dim() == 1, "exchange was called with a ", message.dim(),
            "-dimensional tensor of ", c10::toString(message.scalar_type()),
            " values; it moves one-dimensional float32 tensors.");
    require(message.device() == to_each_rank[0].device(), "exchange was called with tensors on different devices.");
    lengths.push_back(message.numel());
    bytes += std::int64_t(message.nbytes());
  }
  Signature mine = signature(Collective::exchange, to_each_rank[0]);
  mine.numel = 0;  // ranks may send different amounts
  std::vector<Tensor> from_each_rank(to_each_rank.size());
  account(mine, to_each_rank[0], bytes + std::int64_t(lengths.size() * sizeof lengths[0]), [&] {
    std::vector<std::int64_t> arriving(lengths.size());
    trade_lengths(lengths, arriving);
    const auto options = to_each_rank[0].options().requires_grad(false);
    for (int sender = 0; sender < size(); ++sender)
      from_each_rank[sender] = sender == rank() ? to_each_rank[sender] : at::empty({arriving[sender]}, options);
    move_messages(to_each_rank, from_each_rank);
  });
  return from_each_rank;
}

std::vector<std::string> Communicator::all_gather_text(const std::string& mine) {
  Tensor longest = at::empty({1}, at::kLong);
  *longest.mutable_data_ptr<std::int64_t>() = std::int64_t(mine.size());
  all_reduce(longest, Reduce::max);
  // A row is the text's length and then its characters, padded to the longest.
  const std::size_t width = sizeof(std::int64_t) + std::size_t(*longest.const_data_ptr<std::int64_t>());
  Tensor row = at::zeros({std::int64_t(width)}, at::kByte);
  const std::int64_t length = std::int64_t(mine.size());
  std::memcpy(row.mutable_data_ptr(), &length, sizeof length);
  std::memcpy(row.mutable_data_ptr<std::uint8_t>() + sizeof length, mine.data(), mine.size());
  const Tensor rows = all_gather(row);
  std::vector<std::string> texts;
  for (int other = 0; other < size(); ++other) {
    const auto* start = reinterpret_cast<const char*>(rows.const_data_ptr<std::uint8_t>()) + other * width;
    std::int64_t characters = 0;
    std::memcpy(&characters, start, sizeof characters);
    texts.emplace_back(start + sizeof characters, std::size_t(characters));
  }
  return texts;
}

void Communicator::watch_ranks() {
  lifeline_ = std::make_unique<Lifeline>(
      Star::connect(rank(), size(), [this](const void* mine, void* of_all, std::size_t bytes) {
        gather_bytes(mine, of_all, bytes);
        ledger_.traffic()[Collective::all_gather] += {1, std::int64_t(bytes)};
      }));
}

void Communicator::advise(std::string how_to_go_on) {
  if (lifeline_) lifeline_->advise(std::move(how_to_go_on));
}

std::vector<Pause> Communicator::take_pauses() { return lifeline_ ? lifeline_->take_pauses() : std::vector<Pause>(); }

std::vector<std::string> Communicator::host_names() {
  std::array<char, 256> host{};
  require(gethostname(host.data(), host.size() - 1) == 0, "this machine does not tell its host name.");
  return all_gather_text(host.data());
}

}  // namespace fedorbit
