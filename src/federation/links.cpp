#include "federation/links.hpp"

#include <cmath>

#include "core/error.hpp"
#include "federation/trace.hpp"

namespace fedorbit {
namespace {

struct Profile {
  const char* name;
  double download_rate, upload_rate;  // Mbit/s
  double latency, jitter;             // s
  double loss, spread;
  double contact_period, contact_seconds;  // s
};

/// Round numbers of ours for what is usual of each kind. A satellite of a low orbit goes round in 95 minutes and is
/// seen from one ground station for some eight of them, at the rates of an S-band radio.
constexpr Profile profiles[] = {
    {"datacentre", 10000, 10000, 0.0001, 0, 0, 0, 0, 0},
    {"fibre", 300, 300, 0.01, 0.002, 0, 0.2, 0, 0},
    {"mobile", 30, 10, 0.05, 0.02, 0.01, 0.5, 0, 0},
    {"low_orbit", 0.25, 2, 0.01, 0, 0.01, 0, 5700, 480},
};

/// Of a log-normal distribution whose mean is 1.
double factor(double spread, Stream stream) { return std::exp(spread * stream.normal() - spread * spread / 2); }

}  // namespace

void LinkOptions::fields(OptionList& v) {
  v("profile", profile,
    "what is not said otherwise, or said as -1: a data centre, fibre, a mobile network, passes over a ground station",
    {"datacentre", "fibre", "mobile", "low_orbit"});
  v("download_rate", download_rate, "Mbit/s", "from the server to a client", -1, 1e9);
  v("upload_rate", upload_rate, "Mbit/s", "from a client to the server", -1, 1e9);
  v("latency", latency, "s", "of every message", -1, 1e6);
  v("jitter", jitter, "s", "at most, beside the latency; drawn for every message", -1, 1e6);
  v("loss", loss, "", "share of packets that are sent again", -1, 0.99);
  v("spread", spread, "", "of clients' rates: standard deviation of their logarithm", -1, 5);
  v("server_rate", server_rate, "Mbit/s",
    "of the one link that all clients of a round share evenly, each way; 0: it never holds them up", -1, 1e9);
  v("contact_period", contact_period, "s", "from one contact of a client to the next; 0: always in contact", -1, 1e9);
  v("contact_seconds", contact_seconds, "s", "of each contact; when a client's begin is drawn", -1, 1e9);
  v("trace", trace, "a file of lines `client,download Mbit/s,upload Mbit/s,latency s`, one for each client from 0");
  v("step_seconds", step_seconds, "s", "that a client's device takes for a local step; must be said", 0, 1e6);
  v("speed_spread", speed_spread, "", "of clients' devices: standard deviation of the logarithm of their speed", 0, 5);
  v("seed", seed, "", "of what is drawn", 0, 9e15);
}

LinkOptions LinkOptions::resolved() const {
  LinkOptions out = *this;
  for (const Profile& p : profiles) {
    if (p.name != profile) continue;
    const auto take = [](const char* name, double& value, double of_profile) {
      require(value >= 0 || value == -1, "links.", name, " = ", value,
              " is negative; only -1 may be said, and stands for what links.profile has.");
      if (value == -1) value = of_profile;
    };
    take("download_rate", out.download_rate, p.download_rate), take("upload_rate", out.upload_rate, p.upload_rate);
    take("latency", out.latency, p.latency), take("jitter", out.jitter, p.jitter), take("loss", out.loss, p.loss);
    take("spread", out.spread, p.spread), take("server_rate", out.server_rate, 0);
    take("contact_period", out.contact_period, p.contact_period);
    take("contact_seconds", out.contact_seconds, p.contact_seconds);
  }
  return out;
}

Links::Links(const LinkOptions& options) : options_(options.resolved()), keys_(std::uint64_t(options.seed)) {
  require(options_.step_seconds > 0,
          "links.step_seconds is not said, or 0: how long a client's device takes for a local step; without it "
          "training would take no time.");
  require(options_.download_rate > 0 && options_.upload_rate > 0,
          "links.download_rate and links.upload_rate must be above 0.");
  require(options_.contact_period == 0 ||
              (options_.contact_seconds > 0 && options_.contact_seconds <= options_.contact_period),
          "links.contact_seconds = ", options_.contact_seconds,
          " does not lie between 0 and links.contact_period = ", options_.contact_period, ".");
  if (options_.trace.empty()) return;
  read_trace("links.trace", options_.trace, "client,download Mbit/s,upload Mbit/s,latency s", false,
             [&](const TraceLine& line) {
               const OfClient one{line.numbers[0], line.numbers[1], line.numbers[2]};
               require(one.download_rate > 0 && one.upload_rate > 0 && one.latency >= 0, options_.trace, ": \"",
                       line.line, "\" has a rate that is not above 0 or a latency below 0.");
               traced_.push_back(one);
             });
}

void Links::require_clients(std::int64_t clients) const {
  require(traced_.empty() || clients <= std::int64_t(traced_.size()), options_.trace,
          " (links.trace) ends before client ", traced_.size(), " of ", clients, ".");
}

Links::OfClient Links::of(ClientId client) const {
  if (traced_.empty()) {
    const double rate = factor(options_.spread, keys_.stream(Purpose::link, 0, std::uint64_t(client)));
    return {options_.download_rate * rate, options_.upload_rate * rate, options_.latency};
  }
  require(client < ClientId(traced_.size()), options_.trace, " (links.trace) ends before client ", client, ".");
  return traced_[std::size_t(client)];
}

Transit Links::transit(Way way, ClientId client, std::int64_t round, std::int64_t bytes, double start,
                       std::int64_t sharing) const {
  const OfClient link = of(client);
  double rate = way == Way::down ? link.download_rate : link.upload_rate;  // Mbit/s
  if (options_.server_rate > 0) rate = std::min(rate, options_.server_rate / double(sharing));
  Stream stream = keys_.stream(Purpose::link, 3 + 2 * std::uint64_t(round) + std::uint64_t(way), std::uint64_t(client));
  const double moving =
      link.latency + options_.jitter * stream.uniform() + 8e-6 * double(bytes) / (rate * (1 - options_.loss));
  const double period = options_.contact_period, contact = options_.contact_seconds;
  if (period == 0) return {0, moving};
  // Bytes move while there is contact: what does not fit this one waits for the next.
  const double begin = period * keys_.stream(Purpose::link, 2, std::uint64_t(client)).uniform();
  const double since = std::fmod(start + begin, period);  // since the last contact began
  const double here = std::max(0.0, contact - since);
  if (moving <= here) return {0, moving};
  const double later = moving - here;
  const double whole = std::ceil(later / contact) - 1;  // contacts that are filled
  const double end = start + (period - since) + whole * period + (later - whole * contact);
  return {end - start - moving, moving};
}

Transit Links::download(ClientId client, std::int64_t round, std::int64_t bytes, double start,
                        std::int64_t sharing) const {
  return transit(Way::down, client, round, bytes, start, sharing);
}
Transit Links::upload(ClientId client, std::int64_t round, std::int64_t bytes, double start,
                      std::int64_t sharing) const {
  return transit(Way::up, client, round, bytes, start, sharing);
}

double Links::training_seconds(ClientId client, std::int64_t steps) const {
  return options_.step_seconds * double(steps) /
         factor(options_.speed_spread, keys_.stream(Purpose::link, 1, std::uint64_t(client)));
}

Trip Links::trip(ClientId client, std::int64_t round, const Errand& errand, double start, std::int64_t sharing) const {
  Trip trip{.download = download(client, round, errand.download_bytes, start, sharing),
            .training_seconds = training_seconds(client, errand.steps),
            .upload = {}};
  trip.upload = upload(client, round, errand.upload_bytes, start + trip.seconds(), sharing);
  return trip;
}

}  // namespace fedorbit
