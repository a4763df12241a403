// When clients can take part, as a trace of theirs says.
#pragma once
#include <filesystem>
#include <vector>

#include "core/client_id.hpp"

namespace fedorbit {

class Availability {
 public:
  /// Everyone, always.
  Availability() = default;
  /// A file of lines `client,from s,until s`, by client from 0, each client's in the order of time. A `period` above 0
  /// repeats it for ever. Throws where a line is none, windows overlap or are not within the period, or a client is
  /// missing of so many.
  Availability(const std::filesystem::path& trace, std::int64_t clients, double period);

  bool always() const { return windows_.empty(); }
  /// When the window ends that has `time`; `time` itself where the client is away then.
  double until(ClientId client, double time) const;
  /// The first moment from `time` on at which the client is there; infinite where there is none.
  double next(ClientId client, double time) const;

 private:
  struct Window {
    double from, until;
  };
  /// The first window that ends after `time`, of which the period's repeats are taken off; null where there is none.
  const Window* first_after(ClientId client, double time) const;

  std::vector<std::vector<Window>> windows_;  // by client
  double period_ = 0;
};

}  // namespace fedorbit
