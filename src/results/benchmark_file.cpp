#include "results/benchmark_file.hpp"

#include "comm/bandwidth.hpp"
#include "results/plain_file.hpp"

namespace fedorbit {
namespace {

Table bandwidths(const BenchmarkRecords& records, const Communicator& communicator) {
  Table table(schema::bandwidths());
  const int ranks = communicator.size();
  for (const auto& [payload, m] : records.bandwidths) {
    const auto bytes = double(m.what.bytes);
    table.add({communicator.name(), m.what.device.str(), std::string(name(m.what.collective)),
               type_name(std::int64_t(m.what.type)), payload, m.what.bytes, m.calls, m.wrong, m.lowest, m.mean,
               m.highest, m.median, m.agreement, m.bare, algorithm_bandwidth(m.what.collective, bytes, ranks, m.median),
               bus_bandwidth(m.what.collective, bytes, ranks, m.median)});
  }
  return table;
}

Table link_models(const BenchmarkRecords& records, const Communicator& communicator) {
  Table table(schema::link_models());
  for (const auto& [what, model] : records.models)
    table.add({communicator.name(), what.device.str(), std::string(name(what.collective)),
               type_name(std::int64_t(what.type)), model.latency_seconds, model.bytes_per_second,
               model.relative_error});
  return table;
}

}  // namespace

void write_benchmark(const std::filesystem::path& path, const BenchmarkRecords& records,
                     const Communicator& communicator, const std::map<std::string, std::string>& attributes) {
  Table sizes = bandwidths(records, communicator), models = link_models(records, communicator);
  write_tables(path, {&sizes, &models}, attributes);
}

}  // namespace fedorbit
