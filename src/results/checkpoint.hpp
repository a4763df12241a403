// What a killed run needs to go on: one file, written whole or not at all, under checksums; the one before it stays.
#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/tensor.hpp"
#include "federation/client_store.hpp"
#include "results/journal.hpp"

namespace fedorbit {

/// The state after `round` committed rounds. The server's tensors are float32, float64, float16, int64, int32 or uint8
/// on any device, and come back on the CPU bit for bit.
struct Checkpoint {
  std::int64_t round = 0;
  std::string options_toml;
  std::string build;                     // of the program that wrote it
  Journal::Mark recorded;                // what the run had recorded by then
  std::map<std::string, Tensor> server;  // the shared vector and the server's memories, by name
  ClientRows clients;                    // personal parameters and then memories; never all in memory

  /// Takes the place of the file at `path` when all is written, which then has the name previous(path); on an error the
  /// old ones are still there. Visits the clients' rows, once.
  void write(const std::filesystem::path& path) const;
  /// A missing, truncated or foreign file is an error of one sentence, as is one of which any bit has changed. The file
  /// stays open as long as anybody may visit the rows.
  static Checkpoint read(const std::filesystem::path& path);
  /// The name of the checkpoint before that of `path`.
  static std::filesystem::path previous(const std::filesystem::path& path);
};

}  // namespace fedorbit
