#include "federation/downloads.hpp"

#include <ATen/ops/cat.h>
#include <ATen/ops/stack.h>

#include <algorithm>

namespace fedorbit {
namespace {

bool all_same(const std::vector<Tensor>& rows) {
  return std::ranges::all_of(rows, [&](const Tensor& row) { return row.is_same(rows.front()); });
}

/// (K, n); one row where they are one tensor.
Tensor side_by_side(const std::vector<Tensor>& rows) {
  return all_same(rows) ? rows.front().expand({std::int64_t(rows.size()), -1}) : at::stack(rows);
}

}  // namespace

const Downloads::Written& Downloads::write(const std::string& name, const Tensor& values) {
  Written& last = written_[name];
  if (values.is_same(last.values)) return last;
  const Message message{layout_, name, server_.round, everyone, Direction::download, keys_};
  const Transmitted sent = transmit(codec_, values.contiguous(), message);
  const bool with_statistics = name == weights_message && server_.statistics.defined();
  last = {values, with_statistics ? at::cat({sent.values, server_.statistics}) : sent.values, sent.bytes};
  return last;
}

Received Downloads::of(std::span<const ClientId> clients) {
  Received out;
  std::vector<Tensor> rows;
  std::map<std::string, std::vector<Tensor>> extras;
  for (const ClientId client : clients) {
    const Download sent = strategy_.download(server_, client);
    const Written& weights = write(weights_message, sent.shared);
    rows.push_back(weights.read);
    FederatedBytes bytes{weights.bytes, raw_bytes(layout_.statistics(Owner::shared)), 0};
    for (const auto& [name, extra] : sent.extras) {
      const bool as_weights = extra.numel() == sent.shared.numel();
      extras[name].push_back(as_weights ? write(name, extra).read : extra);
      bytes.extras += as_weights ? write(name, extra).bytes : raw_bytes(extra.numel());
    }
    out.bytes.push_back(bytes);
  }
  out.alike = all_same(rows);
  out.shared = side_by_side(rows);
  for (const auto& [name, of_clients] : extras) out.extras[name] = side_by_side(of_clients);
  return out;
}

}  // namespace fedorbit
