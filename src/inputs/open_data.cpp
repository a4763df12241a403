#include "inputs/open_data.hpp"

#include "core/fingerprint.hpp"

namespace fedorbit {

Dataset open_data(const std::string& path, const SyntheticOptions& scenes, Communicator& communicator) {
  Dataset dataset = path.empty() ? Dataset::synthetic(scenes) : Dataset::open(path);
  communicator.agree("data set " + path, fingerprint(dataset.checksum()));
  return dataset;
}

}  // namespace fedorbit
