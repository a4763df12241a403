#include "studies/process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "core/error.hpp"

namespace fedorbit {

Process::Process(const std::vector<std::string>& words, const std::map<std::string, std::string>& environment,
                 const std::filesystem::path& output) {
  const int sink = ::open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  require(sink >= 0, output.string(), " cannot be written: ", std::generic_category().message(errno), ".");
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const pid_t parent = ::getpid();
  child_ = ::fork();
  if (child_ == 0) {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGUSR2);
    if (::getppid() != parent) ::_exit(127);  // it died before it could be watched
    for (const int number : {SIGUSR2, SIGTERM, SIGINT}) ::signal(number, SIG_DFL);
    const int nothing = ::open("/dev/null", O_RDONLY);
    ::dup2(nothing, 0);
    ::dup2(sink, 1);
    ::dup2(sink, 2);
    for (const auto& [name, value] : environment) ::setenv(name.c_str(), value.c_str(), 1);
    ::execvp(arguments[0], arguments.data());
    ::dprintf(2, "%s cannot be started: %s.\n", arguments[0], std::generic_category().message(errno).c_str());
    ::_exit(127);
  }
  const int cause = errno;
  ::close(sink);
  require(child_ > 0, words[0], " cannot be started: ", std::generic_category().message(cause), ".");
}

Process::Process(Process&& other) noexcept : child_(std::exchange(other.child_, -1)) {}

Process& Process::operator=(Process&& other) noexcept {
  std::swap(child_, other.child_);
  return *this;
}

Process::~Process() {
  if (child_ <= 0) return;
  ask_to_end();
  int status = 0;
  while (::waitpid(child_, &status, 0) < 0 && errno == EINTR) {
  }
}

std::optional<Ended> Process::poll() {
  int status = 0;
  if (child_ <= 0 || ::waitpid(child_, &status, WNOHANG) != child_) return std::nullopt;
  child_ = -1;
  if (WIFSIGNALED(status)) return Ended{0, WTERMSIG(status)};
  return Ended{WEXITSTATUS(status), 0};
}

void Process::ask_to_end() const {
  if (child_ > 0) ::kill(child_, SIGUSR2);
}

}  // namespace fedorbit
