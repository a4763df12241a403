#include "evaluation/halves.hpp"

#include "core/error.hpp"

namespace fedorbit {

std::unique_ptr<Partition> halves_of(const Labelled& data, double test_fraction, std::int64_t seed) {
  PartitionOptions options;
  options.clients = 1;
  options.test_fraction = test_fraction;
  auto halves = make_partition(data, options, Keys(std::uint64_t(seed)));
  require(!halves->test_pool().empty() && !halves->train_pool().empty(), "there are too few images (",
          data.labels.size(), ") to hold ", test_fraction,
          " of each class out for classifiers of features; take more, or ask for no such classifier.");
  return halves;
}

}  // namespace fedorbit
