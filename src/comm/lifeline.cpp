#include "comm/lifeline.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <exception>

#include "core/clock.hpp"
#include "core/error.hpp"

namespace fedorbit {
namespace {

constexpr double pulse_seconds = 1, long_pause = 5;
constexpr double time_for_a_sentence = 4;  // report_and_abort takes up to 3 s

/// Whether one of them was ready within that time.
bool wait_for(std::vector<pollfd>& ends, double seconds) {
  return ::poll(ends.data(), ends.size(), int(1000 * seconds)) > 0;
}

}  // namespace

Lifeline::Lifeline(Star star)
    : star_(std::move(star)), wake_(::eventfd(0, EFD_CLOEXEC)), exceptions_(std::uncaught_exceptions()) {
  require(bool(wake_), "the system gives this process no further file; raise its limit (ulimit -n).");
  // Signals are the main thread's.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { watch(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Lifeline::~Lifeline() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wake_.number(), &one, sizeof one);
  thread_.join();
  const bool failing = std::uncaught_exceptions() > exceptions_;
  for (const Star::Line& line : star_.lines) send(line, {failing ? Word::failing : Word::done, star_.rank});
}

void Lifeline::advise(std::string how_to_go_on) {
  const std::lock_guard lock(mutex_);
  advice_ = std::move(how_to_go_on);
}

std::vector<Pause> Lifeline::take_pauses() {
  const std::lock_guard lock(mutex_);
  return std::exchange(pauses_, {});
}

void Lifeline::watch() {
  for (;;) {
    std::vector<pollfd> ends{{wake_.number(), POLLIN, 0}};
    for (const Star::Line& line : star_.lines) ends.push_back({line.socket.number(), POLLIN, 0});
    const Stopwatch since;
    wait_for(ends, pulse_seconds);
    if (const double still = since.seconds() - pulse_seconds; still >= long_pause) {
      if (star_.rank == 0) {
        const std::lock_guard lock(mutex_);
        pauses_.push_back({0, still});
      } else if (!star_.lines.empty()) {
        send(star_.lines.front(), {Word::paused, star_.rank, still});
      }
    }
    if (ends[0].revents != 0) return;
    for (std::size_t i = 0; i < star_.lines.size(); ++i)
      if (ends[i + 1].revents != 0) hear(star_.lines[i]);
    std::erase_if(star_.lines, [](const Star::Line& line) { return !line.socket; });
  }
}

void Lifeline::hear(Star::Line& line) {
  Note note{};
  if (!receive(line, note)) end_without(line);
  if (note.word == Word::paused) {
    const std::lock_guard lock(mutex_);
    pauses_.push_back({note.rank, note.seconds});
  } else if (note.word == Word::done) {
    line.socket = Descriptor();
  } else {
    // Another rank speaks, or has spoken. From the root the others hear it too.
    if (star_.rank == 0)
      for (const Star::Line& other : star_.lines) send(other, note);
    line.socket = Descriptor();
    // This rank may be about to fail with the same error, and to say it.
    std::vector<pollfd> wake{{wake_.number(), POLLIN, 0}};
    if (!wait_for(wake, note.word == Word::failing ? time_for_a_sentence : 0)) std::_Exit(1);
  }
}

void Lifeline::end_without(const Star::Line& line) {
  if (star_.rank <= 1) {
    const std::lock_guard lock(mutex_);
    const std::string sentence = text(line.who, lost_rank, advice_.empty() ? "" : " ", advice_, "\n");
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, sentence.data(), sentence.size());
  }
  if (star_.rank == 0)
    for (const Star::Line& other : star_.lines) send(other, {Word::ended});
  else
    ::sleep(1);  // rank 1 shall have spoken before its launcher sees that another has ended
  std::_Exit(1);
}

}  // namespace fedorbit
