#include "studies/launch.hpp"

#include <sched.h>
#include <unistd.h>

#include <sstream>

#include "core/error.hpp"
#include "io/file.hpp"

namespace fedorbit {

std::int64_t usable_cores() {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  return ::sched_getaffinity(0, sizeof cores, &cores) == 0 ? CPU_COUNT(&cores) : 1;
}

Process launch(const std::vector<std::string>& words, std::int64_t ranks, std::int64_t threads,
               const std::filesystem::path& output) {
  std::map<std::string, std::string> environment{{"OMP_NUM_THREADS", std::to_string(threads)}};
  std::vector<std::string> line;
  if (ranks > 1) {
    line = {"mpirun", "-n", std::to_string(ranks), "--oversubscribe", "--bind-to", "none"};
    environment["OMPI_MCA_mpi_yield_when_idle"] = "1";
    if (::geteuid() == 0)  // Open MPI asks root to confirm
      environment["OMPI_ALLOW_RUN_AS_ROOT"] = environment["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1";
  }
  line.push_back(std::filesystem::read_symlink("/proc/self/exe").string());
  line.insert(line.end(), words.begin(), words.end());
  return Process(line, environment, output);
}

std::string last_sentence(const std::filesystem::path& output) {
  std::istringstream words(read_file(output));
  std::string sentence, last;
  bool of_launcher = false;  // it writes between two lines of dashes
  for (std::string line; std::getline(words, line);) {
    if (line.starts_with("-----"))
      of_launcher = !of_launcher;
    else if (!line.empty())
      (of_launcher ? last : sentence) = line;
  }
  return !sentence.empty() ? sentence : !last.empty() ? last : "it printed nothing.";
}

}  // namespace fedorbit
