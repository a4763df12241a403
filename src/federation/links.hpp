// The links of a real federation: how long messages take on them, as a pure function of client, round, bytes and the
// time at which they begin. Nothing of a run depends on it.
#pragma once
#include <string>
#include <vector>

#include "core/client_id.hpp"
#include "core/keys.hpp"
#include "core/options.hpp"

namespace fedorbit {

/// -1 stands for what the profile has.
struct LinkOptions {
  std::string profile = "mobile", trace;
  double download_rate = -1, upload_rate = -1, latency = -1, jitter = -1, loss = -1, spread = -1, server_rate = -1,
         contact_period = -1, contact_seconds = -1;
  double step_seconds = 0, speed_spread = 0;
  std::int64_t seed = 1;
  void fields(OptionList& v);
  /// With the profile's numbers where none were said.
  LinkOptions resolved() const;
};

/// One message on its way.
struct Transit {
  double waiting = 0;  // seconds without contact
  double moving = 0;   // seconds of latency and bytes
  double seconds() const { return waiting + moving; }
};

/// What a client is sent and sends in a round, and its work between.
struct Errand {
  std::int64_t download_bytes, steps, upload_bytes;
};

struct Trip {
  Transit download;
  double training_seconds = 0;
  Transit upload;
  double seconds() const { return download.seconds() + training_seconds + upload.seconds(); }
};

class Links {
 public:
  /// Throws where step_seconds is not said, where windows of contact are longer than their period, and where the trace
  /// is no table of clients.
  explicit Links(const LinkOptions& options);
  /// Throws where the trace does not have so many.
  void require_clients(std::int64_t clients) const;
  /// Of so many bytes to or from a client that begin at `start` seconds, while `sharing` clients use the server's link.
  Transit download(ClientId client, std::int64_t round, std::int64_t bytes, double start, std::int64_t sharing) const;
  Transit upload(ClientId client, std::int64_t round, std::int64_t bytes, double start, std::int64_t sharing) const;
  /// Of so many local steps on the client's device.
  double training_seconds(ClientId client, std::int64_t steps) const;
  /// All three, one after another.
  Trip trip(ClientId client, std::int64_t round, const Errand& errand, double start, std::int64_t sharing) const;

 private:
  struct OfClient {
    double download_rate, upload_rate, latency;
  };
  enum class Way : std::uint64_t { down, up };
  OfClient of(ClientId client) const;
  Transit transit(Way way, ClientId client, std::int64_t round, std::int64_t bytes, double start,
                  std::int64_t sharing) const;

  LinkOptions options_;
  Keys keys_;
  std::vector<OfClient> traced_;  // by client; empty without a trace
};

}  // namespace fedorbit
