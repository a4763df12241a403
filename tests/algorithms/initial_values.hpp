// What is asked of the values that a learner's tensors start from.
#pragma once
#include <string>
#include <vector>

#include "algorithms/learner.hpp"

namespace fedorbit {

/// One sentence for each tensor that does not start as it should; zeros, or other values that nobody draws, are fine.
inline std::vector<std::string> complaints_about_initial_values(Learner& learner) {
  std::vector<std::string> complaints;
  constexpr float unwritten = 7e33F;
  for (const Owner owner : owners) {
    const auto initial = [&](std::vector<ClientId> clients, std::uint64_t seed) {
      Parameters parameters(learner.layout(), std::int64_t(clients.size()));
      parameters.flat(owner).fill_(unwritten);
      learner.initialise(parameters, owner, clients, Keys(seed));
      return parameters.flat(owner).clone();
    };
    const Tensor pair = initial({41, 3}, 1), alone = initial({3}, 1), among = initial({3, 8, 41}, 1),
                 other_seed = initial({41, 3}, 2);
    for (const Entry& entry : learner.layout().entries(owner)) {
      const auto of = [&](const Tensor& rows, std::int64_t k) { return rows[k].narrow(0, entry.offset, entry.numel); };
      const auto complain = [&](bool wrong, const char* what) {
        if (wrong) complaints.push_back(text("the tensor ", entry.name, " ", what));
      };
      const bool alike = at::equal(of(pair, 0), of(pair, 1));
      complain((pair.narrow(1, entry.offset, entry.numel) == unwritten).any().item<bool>(), "is not initialised.");
      complain(!at::equal(of(pair, 1), of(alone, 0)) || !at::equal(of(pair, 0), of(among, 2)),
               "starts from other values beside other clients.");
      complain(owner == Owner::shared && !alike, "is shared, but does not start alike for all clients.");
      complain(!alike && at::equal(of(pair, 0), of(other_seed, 0)),
               "differs from client to client, but not with the seed.");
    }
  }
  return complaints;
}

}  // namespace fedorbit
