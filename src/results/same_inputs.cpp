#include "results/same_inputs.hpp"

#include <algorithm>

#include "core/error.hpp"
#include "io/h5.hpp"

namespace fedorbit {
namespace {

constexpr const char* inputs[] = {"data_sha256",         "public_sha256",          "split_sha256",
                                  "weights_sha256",      "learner_weights_sha256", "downstream_data_sha256",
                                  "availability_sha256", "links_trace_sha256",     "features_arithmetic",
                                  "arithmetic"};

}  // namespace

void require_same_inputs(const RunRecord& run, const std::map<std::string, std::string>& begun,
                         const std::filesystem::path& file) {
  for (const char* input : inputs) {
    const auto now = run.provenance.find(input), before = begun.find(input);
    if (now == run.provenance.end()) continue;
    const std::string was = before == begun.end() ? "" : before->second;
    require(was == now->second, file.string(), " was begun with ", input, " = ", was, ", which is now ", now->second,
            ": the run cannot go on so; bring the old one back, or pass --restart.");
  }
}

void require_same_inputs(const RunRecord& run, const std::filesystem::path& results) {
  const h5::File file = h5::File::open(results);
  std::map<std::string, std::string> begun;
  for (const auto& [name, now] : run.provenance)
    if (std::ranges::find(inputs, name) != std::end(inputs))
      begun[name] = file.has_attribute(name) ? file.text_attribute(name) : now;
  require_same_inputs(run, begun, results);
}

}  // namespace fedorbit
