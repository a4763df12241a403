// What `fedorbit bench-comm` measured, as a results file.
#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "comm/benchmark.hpp"

namespace fedorbit {

struct BenchmarkRecords {
  struct Bandwidth {
    std::string payload;  // whose message it would be; empty where it is only a size
    Measured measured;
  };
  struct Model {
    Measurement what;  // its bytes mean nothing
    LinkModel model;
  };
  std::vector<Bandwidth> bandwidths;
  std::vector<Model> models;
};

/// Writes `path` whole or not at all: /bandwidths and /link_models, the attributes beside those of every results file.
void write_benchmark(const std::filesystem::path& path, const BenchmarkRecords& records,
                     const Communicator& communicator, const std::map<std::string, std::string>& attributes);

}  // namespace fedorbit
