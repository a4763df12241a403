// Signals that ask a run to end: they only set a flag, and the run ends when its round allows it.
#pragma once
#include <csignal>

namespace fedorbit {

/// The number of the last signal that came, or 0. One program has one of it: a handler can reach nothing else.
inline volatile std::sig_atomic_t signal_received = 0;

/// From here on SIGUSR2 (batch systems, shortly before they kill), SIGTERM and SIGINT set signal_received.
inline void watch_signals() {
  for (const int number : {SIGUSR2, SIGTERM, SIGINT}) {
    struct sigaction action {};
    action.sa_handler = [](int received) { signal_received = received; };
    sigemptyset(&action.sa_mask);
    action.sa_flags = SA_RESTART;
    sigaction(number, &action, nullptr);
  }
}

}  // namespace fedorbit
