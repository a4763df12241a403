#include "results/written_by.hpp"

#include "io/h5.hpp"
#include "results/schema.hpp"

namespace fedorbit {

std::string results_written_by(const std::filesystem::path& results) {
  const h5::File file = h5::File::open(results);
  const auto holds = [&](const schema::Table& table) { return file.is_group(table.group); };
  if (holds(schema::bandwidths())) return "bench-comm";
  // An evaluation has all tables of a run, and no client in them.
  const std::string clients = schema::clients().group + "/client";
  if (file.has(clients)) return file.dataset(clients).rows() > 0 ? "run" : "evaluate";
  return holds(schema::virtual_rounds()) ? "links" : "";
}

}  // namespace fedorbit
