// Writes the small HDF5 files as the seeds of a corpus: `fuzz_h5_corpus FOLDER`.
#include <cstdio>

#include "core/error.hpp"
#include "fuzz/h5_files.hpp"
#include "io/file.hpp"

int main(int count, char** arguments) {
  using namespace fedorbit;
  try {
    require(count == 2, "fuzz_h5_corpus takes the folder to write to.");
    for (const auto& [name, bytes] : small_h5_files()) write_file(std::filesystem::path(arguments[1]) / name, bytes);
    return 0;
  } catch (const std::exception& cause) {
    std::fprintf(stderr, "%s\n", cause.what());
    return 1;
  }
}
