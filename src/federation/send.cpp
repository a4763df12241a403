#include "federation/send.hpp"

#include <ATen/ops/zeros.h>

#include <algorithm>

namespace fedorbit {

Tensor send(const Workshop& workshop, const Turn& turn, const ClientStore& kept, TurnOutcome& outcome) {
  const Layout& layout = workshop.learner.layout();
  const std::int64_t numbers = layout.weights(Owner::shared), length = workshop.residuals_length();
  const auto K = std::int64_t(turn.clients.size());
  Upload& upload = outcome.upload;
  upload.update = upload.update.to(at::kCPU).contiguous();
  // The group's tensors are the next turn's.
  for (auto& [name, extra] : upload.extras)
    extra = extra.to(at::kCPU, at::kFloat, /*non_blocking=*/false, /*copy=*/true).contiguous();

  const Tensor residuals = at::zeros({K, length});
  for (std::int64_t k = 0; k < K; ++k) {
    const ClientId client = turn.clients[std::size_t(k)];
    if (length > 0 && kept.has(client)) kept.read(client, workshop.row_length() - length, residuals[k]);
    // Writes `values` (P), which become what is read; the bytes.
    const auto write = [&](const std::string& name, const Tensor& values) {
      const auto place = std::ranges::find(workshop.residuals, name) - workshop.residuals.begin();
      const bool keeps = place < std::ssize(workshop.residuals);
      const Tensor residual = keeps ? residuals[k].narrow(0, place * numbers, numbers) : Tensor();
      const Message message{layout, name, turn.round, client, Direction::upload, workshop.keys};
      const Transmitted sent = transmit(workshop.upload_codec, values, message, residual);
      values.copy_(sent.values);
      return sent.bytes;
    };
    FederatedBytes bytes{write(weights_message, upload.update[k]), raw_bytes(layout.statistics(Owner::shared)), 0};
    for (const auto& [name, extra] : upload.extras)
      bytes.extras += extra.size(1) == numbers ? write(name, extra[k]) : raw_bytes(extra.size(1));
    outcome.sent.push_back(bytes);
  }
  return residuals;
}

}  // namespace fedorbit
