// Work done by several threads whose results are taken one by one in order, so that the number of threads cannot be
// seen in what comes out.
#pragma once
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace fedorbit {

/// Calls take(i, make(i)) for i = 0..count-1 in this order and on this thread; make runs on `threads` others, at most a
/// few items ahead of take. What make or take throws is thrown here, after the threads have ended.
template <class Make, class Take>
void in_order(std::int64_t count, int threads, const Make& make, const Take& take) {
  using Item = decltype(make(std::int64_t{}));
  struct Slot {
    std::optional<Item> item;
    std::exception_ptr error;
  };
  std::mutex mutex;
  std::condition_variable changed;
  std::map<std::int64_t, Slot> done;
  std::int64_t next = 0, taken = 0;
  bool stopping = false;
  const std::int64_t ahead = 4 * std::int64_t(threads);
  const auto work = [&] {
    std::unique_lock lock(mutex);
    for (;;) {
      changed.wait(lock, [&] { return stopping || next >= count || next < taken + ahead; });
      if (stopping || next >= count) return;
      const std::int64_t i = next++;
      lock.unlock();
      Slot slot;
      try {
        slot.item.emplace(make(i));
      } catch (...) {
        slot.error = std::current_exception();
      }
      lock.lock();
      done.emplace(i, std::move(slot));
      changed.notify_all();
    }
  };
  std::vector<std::jthread> crew;
  struct Stop {  // runs before the crew is joined, on every way out
    std::mutex& mutex;
    std::condition_variable& changed;
    bool& stopping;
    ~Stop() {
      const std::lock_guard lock(mutex);
      stopping = true;
      changed.notify_all();
    }
  } stop{mutex, changed, stopping};
  for (int i = 0; i < threads; ++i) crew.emplace_back(work);
  for (std::int64_t i = 0; i < count; ++i) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return done.contains(i); });
    Slot slot = std::move(done.extract(i).mapped());
    ++taken;
    changed.notify_all();
    lock.unlock();
    if (slot.error) std::rethrow_exception(slot.error);
    take(i, std::move(*slot.item));
  }
}

}  // namespace fedorbit
