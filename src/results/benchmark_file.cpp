#include "results/benchmark_file.hpp"

#include "comm/bandwidth.hpp"
#include "core/clock.hpp"
#include "io/file.hpp"
#include "results/table.hpp"

namespace fedorbit {
namespace {

Table bandwidths(const BenchmarkRecords& records, const Communicator& communicator) {
  Table table(schema::bandwidths());
  const int ranks = communicator.size();
  for (const auto& [payload, m] : records.bandwidths) {
    const auto bytes = double(m.what.bytes);
    table.add({communicator.name(), m.what.device.str(), std::string(name(m.what.collective)),
               type_name(std::int64_t(m.what.type)), payload, m.what.bytes, m.calls, m.wrong, m.lowest, m.mean,
               m.highest, m.median, m.agreement, algorithm_bandwidth(m.what.collective, bytes, ranks, m.median),
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

void write(Table table, h5::File& file) {
  table.create(file);
  table.open(file);
  table.append();
}

}  // namespace

void write_benchmark(const std::filesystem::path& path, const BenchmarkRecords& records,
                     const Communicator& communicator, const std::map<std::string, std::string>& attributes) {
  h5::File file = h5::File::create(part_path(path));
  file.set_attribute(schema::attribute::filetype, schema::filetype);
  file.set_attribute(schema::attribute::version, schema::version);
  for (const auto& [name, value] : attributes) file.set_attribute(name, value);
  file.set_attribute(schema::attribute::end, utc_now());
  write(bandwidths(records, communicator), file);
  write(link_models(records, communicator), file);
  file.close();
  publish(path);
}

}  // namespace fedorbit
