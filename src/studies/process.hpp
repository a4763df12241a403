// Another program at work beside this one.
#pragma once
#include <sys/types.h>

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace fedorbit {

/// How a program ended.
struct Ended {
  int code = 0;    // its exit code
  int signal = 0;  // what killed it, or 0
};

/// A child process in a group of its own, so that a Ctrl-C on the terminal reaches it through us alone. It is asked to
/// end (SIGUSR2) should this process die.
class Process {
 public:
  /// Starts words[0], looked for in PATH, with further variables in its environment; what it prints is the whole of
  /// `output`.
  Process(const std::vector<std::string>& words, const std::map<std::string, std::string>& environment,
          const std::filesystem::path& output);
  Process(Process&& other) noexcept;
  Process& operator=(Process&& other) noexcept;
  /// Asks one that is still at work to end, and waits for it.
  ~Process();

  /// What became of it; nothing while it is at work.
  std::optional<Ended> poll();
  /// Asks it to save and end; ranks get it from their launcher.
  void ask_to_end() const;

 private:
  pid_t child_ = -1;
};

}  // namespace fedorbit
