#include "federation/availability.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/error.hpp"
#include "federation/trace.hpp"

namespace fedorbit {

Availability::Availability(const std::filesystem::path& trace, std::int64_t clients, double period) : period_(period) {
  read_trace("schedule.availability", trace, "client,from s,until s", true, [&](const TraceLine& line) {
    const Window window{line.numbers[0], line.numbers[1]};
    require(window.from >= 0 && window.from < window.until, trace.string(), ": \"", line.line,
            "\" is not `client,from s,until s`, the second above the first and none below 0.");
    windows_.resize(std::size_t(line.client) + 1);
    std::vector<Window>& of_client = windows_.back();
    require(of_client.empty() || of_client.back().until <= window.from, trace.string(), ": \"", line.line,
            "\" begins before the client's window before it has ended: windows come in the order of time.");
    require(period == 0 || window.until <= period, trace.string(), ": \"", line.line,
            "\" ends after schedule.availability_period = ", period, " s.");
    if (!of_client.empty() && of_client.back().until == window.from)
      of_client.back().until = window.until;  // it does not leave between
    else
      of_client.push_back(window);
  });
  require(std::int64_t(windows_.size()) >= clients, trace.string(), " (schedule.availability) ends before client ",
          windows_.size(), " of ", clients, ".");
}

double Availability::begins(double n) const { return period_ * n; }

double Availability::period_of(double time) const {
  if (period_ == 0) return 0;
  double n = std::floor(time / period_);
  // The quotient is rounded, as the products are that it is held to.
  if (begins(n + 1) <= time) ++n;
  if (begins(n) > time) --n;
  return n;
}

const Availability::Window* Availability::first_after(ClientId client, double begin, double time) const {
  const auto& windows = windows_[std::size_t(client)];
  const auto found =
      std::ranges::upper_bound(windows, time, {}, [begin](const Window& window) { return begin + window.until; });
  return found == windows.end() ? nullptr : &*found;
}

double Availability::until(ClientId client, double time) const {
  if (always()) return std::numeric_limits<double>::infinity();
  const double begin = begins(period_of(time));
  const Window* window = first_after(client, begin, time);
  if (!window || begin + window->from > time) return time;
  // A window at the end of a period goes on where the next period begins with one.
  const Window& first = windows_[std::size_t(client)].front();
  const bool goes_on = period_ > 0 && window->until == period_ && first.from == 0;
  if (goes_on && first.until == period_) return std::numeric_limits<double>::infinity();
  return begin + window->until + (goes_on ? first.until : 0);
}

double Availability::next(ClientId client, double time) const {
  if (always()) return time;
  const double period = period_of(time), begin = begins(period);
  if (const Window* window = first_after(client, begin, time)) return std::max(time, begin + window->from);
  return period_ > 0 ? begins(period + 1) + windows_[std::size_t(client)].front().from
                     : std::numeric_limits<double>::infinity();
}

}  // namespace fedorbit
