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
  /// When the file's times begin anew for the n-th time, from 0 on. Moments are such products, or one sum of them and
  /// a time of the file, whoever asks: rounded otherwise, a client might be away when it is said to come.
  double begins(double n) const;
  /// The last n that has begun at `time`.
  double period_of(double time) const;
  /// The first window that ends after `time` in the period that begins at `begin`; null where there is none.
  const Window* first_after(ClientId client, double begin, double time) const;

  std::vector<std::vector<Window>> windows_;  // by client
  double period_ = 0;
};

}  // namespace fedorbit
