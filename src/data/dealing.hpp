// Ways of dealing images to clients.
#pragma once
#include <cstdint>
#include <vector>

#include "core/client_id.hpp"
#include "core/keys.hpp"
#include "data/pools.hpp"

namespace fedorbit {

using Hands = std::vector<std::vector<std::int64_t>>;  // images by client

/// In turn to clients whose order is drawn anew each time around: sizes differ by one at most.
void deal_evenly(const std::vector<std::int64_t>& images, const std::vector<ClientId>& clients, Stream stream,
                 Hands& hands);

/// In turn to all clients, in an order drawn once, which the next class goes on with: sizes, and a class's images,
/// differ by one at most.
void deal_stratified(const Pool& pool, Stream stream, Hands& hands);

/// Consecutive pieces in proportion to the shares (which sum to 1).
void cut(const std::vector<std::int64_t>& images, const std::vector<double>& shares,
         const std::vector<ClientId>& clients, Hands& hands);

/// In turn to all clients, each an image of a class that its own mixture draws among those that have any left; of any
/// where its mixture has none of these. Sizes differ by one at most.
void deal_by_mixtures(const Pool& pool, const std::vector<std::vector<double>>& mixtures, Stream stream, Hands& hands);

/// Shares of the classes from Dir(alpha p), p the classes' shares of the pool (Hsu et al. 2019, arXiv 1909.06335).
std::vector<double> draw_mixture(const Pool& pool, double alpha, Stream stream);

}  // namespace fedorbit
