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

Received Downloads::of(std::span<const ClientId> clients) {
  Received out;
  std::vector<Tensor> rows;
  std::map<std::string, std::vector<Tensor>> extras;
  for (const ClientId client : clients) {
    const Download sent = strategy_.download(server_, client);
    if (!sent.shared.is_same(written_)) {
      const Bytes message = codec_.encode(sent.shared.contiguous(), layout_);
      written_ = sent.shared;
      const Tensor weights = codec_.decode(message, layout_);
      read_ = server_.statistics.defined() ? at::cat({weights, server_.statistics}) : weights;
      bytes_ = std::int64_t(message.size()) + layout_.statistics(Owner::shared) * std::int64_t(sizeof(float));
    }
    rows.push_back(read_);
    out.bytes.push_back(bytes_);
    for (const auto& [name, extra] : sent.extras) {
      extras[name].push_back(extra);
      out.bytes.back() += extra.numel() * std::int64_t(sizeof(float));
    }
  }
  out.alike = all_same(rows);
  out.shared = side_by_side(rows);
  for (const auto& [name, of_clients] : extras) out.extras[name] = side_by_side(of_clients);
  return out;
}

}  // namespace fedorbit
