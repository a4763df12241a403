// Connections of the network from every rank to the root, beside those of MPI.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/descriptor.hpp"

namespace fedorbit {

/// What goes over a line: a word, and a number that goes with some.
enum class Word : int { hello = 1, done, failing, ended, paused };
struct Note {
  Word word;
  int rank = 0;
  double seconds = 0;
  std::uint64_t key = 0;
};

/// At the root a line to every other rank; elsewhere one to the root.
class Star {
 public:
  struct Line {
    Descriptor socket;
    int rank = 0;
    std::string who;  // "rank 2 (process 4711 on n3)"
  };
  /// Gathers one block of bytes from each rank, in the order of ranks.
  using Gather = std::function<void(const void* mine, void* of_all, std::size_t bytes)>;

  /// Collective. A rank that cannot reach the root's machine by its addresses (IPv4) within seconds has no line: the
  /// root's log names it. Only ranks of this job are let in: they show a random number that they got through `gather`.
  static Star connect(int rank, int size, const Gather& gather);

  int rank = 0, size = 1;
  std::vector<Line> lines;
};

/// Whether the note has gone; a line whose other end is gone takes none.
bool send(const Star::Line& line, const Note& note);
/// Whether a whole note came.
bool receive(const Star::Line& line, Note& note);

}  // namespace fedorbit
