// What ranks hear of each other outside of MPI, whose collectives wait for ever for a rank that has died.
#pragma once
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "comm/star.hpp"

namespace fedorbit {

/// A rank that stood still: stopped by a signal, or its machine asleep or overloaded.
struct Pause {
  int rank;
  double seconds;
};

/// Watches, in a thread of its own, the connections between the root and every other rank. The system cuts a connection
/// when its process ends, however that ends. Then every rank ends within a second, with exit code 1, and one of them
/// has said which rank died: the root, or rank 1 where the root itself died. Ranks that fail with an Error have a
/// sentence of their own; the others give them 4 s to say it and end without a word. So no rank outlives another by 10
/// s, whatever its launcher does, and a collective that waits is no reason to stay.
class Lifeline {
 public:
  /// Its rank's ends of the star.
  explicit Lifeline(Star star);
  /// Tells the others that this rank is done, or, while an exception unwinds, that it fails and says why by itself.
  ~Lifeline();
  Lifeline(const Lifeline&) = delete;
  Lifeline& operator=(const Lifeline&) = delete;

  /// What the sentence about a rank's death ends with: how to go on.
  void advise(std::string how_to_go_on);
  /// At the root: pauses of 5 s or more on any rank since the last call; elsewhere none.
  std::vector<Pause> take_pauses();

 private:
  void watch();
  void hear(Star::Line& line);
  [[noreturn]] void end_without(const Star::Line& line);

  Star star_;
  Descriptor wake_;  // readable when the thread is to end
  int exceptions_;
  std::mutex mutex_;  // of the two below
  std::string advice_;
  std::vector<Pause> pauses_;
  std::thread thread_;
};

}  // namespace fedorbit
