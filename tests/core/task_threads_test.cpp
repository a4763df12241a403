// Threads that do tasks: all of them, in the order in which they were given, none after the end.
#include "core/task_threads.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <latch>

namespace fedorbit {
namespace {

TEST(TaskThreads, do_every_task_once) {
  std::atomic<int> done = 0;
  std::latch all(1000);
  TaskThreads threads(4);
  for (int batch = 0; batch < 10; ++batch)
    threads.add(std::vector<std::function<void()>>(100, [&] { ++done, all.count_down(); }));
  all.wait();
  EXPECT_EQ(done, 1000);
}

TEST(TaskThreads, alone_do_tasks_in_the_order_in_which_they_were_given) {
  std::vector<int> order;
  std::latch all(50);
  TaskThreads threads(1);
  for (int i = 0; i < 50; ++i) threads.add({[&, i] { order.push_back(i), all.count_down(); }});
  all.wait();
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST(TaskThreads, that_end_finish_what_they_have_in_hand) {
  std::atomic<int> begun = 0, ended = 0;
  std::latch go(1);
  std::thread release;
  {
    TaskThreads threads(2);
    threads.add(std::vector<std::function<void()>>(9, [&] { ++begun, go.wait(), ++ended; }));
    while (begun < 2) std::this_thread::yield();
    release = std::thread([&] { go.count_down(); });
  }
  release.join();
  EXPECT_EQ(ended, begun);
}

}  // namespace
}  // namespace fedorbit
