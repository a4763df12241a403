#include "federation/downloads.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/stack.h>

#include <algorithm>

#include "core/error.hpp"

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
  if (codec_.lossless()) {
    const Transmitted sent = transmit(codec_, values.contiguous(), message);
    last = {values, sent.values, sent.values, sent.bytes};
  } else {
    require(!last.values.defined(), "a strategy sent clients different ", name,
            " in one round, and a codec that loses something writes one message for all.");
    const auto held = mirror_.contents().find(name);
    if (held != mirror_.contents().end()) {
      const Transmitted sent = transmit(codec_, values - held->second.values, message);
      const Tensor read = held->second.values + sent.values;
      last = {values, read, read, sent.bytes};
    } else {
      const Tensor whole = values.clone();  // the server's may change in place
      last = {values, whole, whole, raw_bytes(values.numel())};
    }
  }
  if (name == weights_message && server_.statistics.defined()) last.given = at::cat({last.read, server_.statistics});
  return last;
}

std::int64_t Downloads::bill(const std::string& name, const Written& written, ClientId client) const {
  if (codec_.lossless()) return written.bytes;
  return mirror_.bill(name, client, server_.round, written.bytes, raw_bytes(written.read.numel()));
}

Received Downloads::of(std::span<const ClientId> clients) {
  Received out;
  std::vector<Tensor> rows;
  std::map<std::string, std::vector<Tensor>> extras;
  for (const ClientId client : clients) {
    const Download sent = strategy_.download(server_, client);
    const Written& weights = write(weights_message, sent.shared);
    rows.push_back(weights.given);
    for (const auto& [name, extra] : sent.extras) {
      const bool as_weights = extra.numel() == sent.shared.numel();
      extras[name].push_back(as_weights ? write(name, extra).given : extra);
    }
  }
  out.alike = all_same(rows);
  out.shared = side_by_side(rows);
  for (const auto& [name, of_clients] : extras) out.extras[name] = side_by_side(of_clients);
  return out;
}

FederatedBytes Downloads::bytes(ClientId client) {
  const Download sent = strategy_.download(server_, client);
  FederatedBytes bytes{bill(weights_message, write(weights_message, sent.shared), client),
                       raw_bytes(layout_.statistics(Owner::shared)), 0};
  for (const auto& [name, extra] : sent.extras)
    bytes.extras +=
        extra.numel() == sent.shared.numel() ? bill(name, write(name, extra), client) : raw_bytes(extra.numel());
  return bytes;
}

void Downloads::commit(Mirror& mirror) {
  if (codec_.lossless()) return;
  const ClientId anyone = 0;
  of({&anyone, 1});  // a rank that trained nobody has written nothing
  for (const auto& [name, written] : written_)
    mirror.advance(name, written.read, written.bytes, raw_bytes(written.read.numel()));
}

}  // namespace fedorbit
