// Threads that do small tasks in the order in which they were given.
#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace fedorbit {

class TaskThreads {
 public:
  /// Without threads, who gives tasks does them.
  explicit TaskThreads(int count);
  /// Waits for tasks in hand; those that were not begun are forgotten.
  ~TaskThreads();
  int count() const { return int(threads_.size()); }
  /// A task throws nothing.
  void add(std::vector<std::function<void()>> tasks);

 private:
  void enqueue(std::vector<std::function<void()>> tasks);
  void work();

  std::mutex mutex_;
  std::condition_variable more_;
  std::deque<std::function<void()>> tasks_;
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace fedorbit
