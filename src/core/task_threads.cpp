#include "core/task_threads.hpp"

#include <iterator>

namespace fedorbit {

TaskThreads::TaskThreads(int count) {
  for (int i = 0; i < count; ++i) threads_.emplace_back([this] { work(); });
}

TaskThreads::~TaskThreads() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  more_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void TaskThreads::add(std::vector<std::function<void()>> tasks) {
  if (threads_.empty())
    for (const auto& task : tasks) task();
  else
    enqueue(std::move(tasks));
}

void TaskThreads::enqueue(std::vector<std::function<void()>> tasks) {
  {
    const std::lock_guard lock(mutex_);
    tasks_.insert(tasks_.end(), std::move_iterator(tasks.begin()), std::move_iterator(tasks.end()));
  }
  more_.notify_all();
}

void TaskThreads::work() {
  for (std::unique_lock lock(mutex_);;) {
    more_.wait(lock, [this] { return ending_ || !tasks_.empty(); });
    if (ending_) return;
    const std::function<void()> task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    task();
    lock.lock();
  }
}

}  // namespace fedorbit
