// k nearest neighbours: how well the labels of the most similar training images do, for comparison.
#pragma once
#include <vector>

#include "core/tensor.hpp"

namespace fedorbit {

/// The k training images of largest cosine vote for their classes with weight exp(cosine / temperature) (Wu et al.
/// 2018, arXiv 1805.01978).
class NearestNeighbours {
 public:
  /// features (N, d) raw, labels (N) int64, `train` the images that vote; k is at most their number.
  NearestNeighbours(const Tensor& features, const Tensor& labels, const std::vector<std::int64_t>& train,
                    std::int64_t classes, std::int64_t k, double temperature);
  /// (1, B, d) raw -> (1, B, C): logarithms of the votes.
  Tensor logits(const Tensor& features) const;

 private:
  Tensor voters_, ballots_;  // (n, d) unit, (n, C) one-hot
  std::int64_t k_;
  double temperature_;
};

}  // namespace fedorbit
