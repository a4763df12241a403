#include "data/features.hpp"

#include <unistd.h>

#include "core/error.hpp"
#include "io/file.hpp"
#include "io/h5_tensor.hpp"

namespace fedorbit {
namespace {
constexpr const char* filetype = "fedorbit-features";
}

void write_features(const std::filesystem::path& path, const Features& features, const FeatureOrigin& origin) {
  // A name of this process's own until it is whole: two runs may compute the same features at the same time.
  char host[256] = {};
  gethostname(host, sizeof host - 1);
  const std::filesystem::path own = text(path.string(), ".", host, ".", getpid(), ".part");
  try {
    h5::File file = h5::File::create(own);
    file.set_attribute("filetype", filetype);
    file.set_attribute("data_sha256", origin.data);
    file.set_attribute("weights_sha256", origin.weights);
    file.set_attribute("preprocessing", origin.preprocessing);
    h5::write_tensor(file, "/features", features.features);
    if (features.patches.defined()) h5::write_tensor(file, "/patches", features.patches);
    file.close();
    replace_file(own, path);
  } catch (...) {
    std::filesystem::remove(own);
    throw;
  }
}

Features read_features(const std::filesystem::path& path, const FeatureOrigin& origin) {
  const h5::File file = h5::File::open(path);
  require(file.has_attribute("filetype") && file.text_attribute("filetype") == filetype, path.string(),
          " is not a file of image features.");
  auto check = [&](const char* attribute, const std::string& expected) {
    require(file.text_attribute(attribute) == expected, path.string(), ": its features have ", attribute, " = ",
            file.text_attribute(attribute), ", but this run has ", expected, "; remove the file to compute them anew.");
  };
  check("data_sha256", origin.data);
  check("weights_sha256", origin.weights);
  check("preprocessing", origin.preprocessing);
  Features features{h5::read_tensor(file, "/features"), {}};
  if (file.has("/patches")) features.patches = h5::read_tensor(file, "/patches");
  return features;
}

}  // namespace fedorbit
