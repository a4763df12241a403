// Memory that is left, from the files in which kernels say so.
#include "core/available_memory.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace fedorbit {
namespace {

class AvailableMemory : public testing::Test {
 protected:
  AvailableMemory() {
    write("proc/meminfo", "MemTotal:       100 kB\nMemFree:   10 kB\nMemAvailable:   50 kB\nBuffers: 1 kB\n");
  }
  ~AvailableMemory() override { std::filesystem::remove_all(root_); }
  void write(const std::string& name, const std::string& content) {
    std::filesystem::create_directories((root_ / name).parent_path());
    std::ofstream(root_ / name) << content;
  }
  std::filesystem::path root_ =
      std::filesystem::temp_directory_path() / ("available-memory-" + std::to_string(::getpid()));
};

TEST_F(AvailableMemory, is_what_the_machine_has_where_nothing_limits_it) {
  EXPECT_EQ(available_memory(root_), 50 * 1024);
  write("proc/self/cgroup", "0::/job/step\n");
  write("sys/fs/cgroup/job/step/memory.max", "max\n");
  write("sys/fs/cgroup/job/step/memory.current", "7\n");
  EXPECT_EQ(available_memory(root_), 50 * 1024);
}

TEST_F(AvailableMemory, is_what_the_narrowest_group_leaves_beside_cached_files) {
  write("proc/self/cgroup", "0::/job/step\n");
  write("sys/fs/cgroup/job/memory.max", "9000\n");
  write("sys/fs/cgroup/job/memory.current", "8000\n");
  write("sys/fs/cgroup/job/memory.stat", "anon 1\ninactive_file 300\nactive_file 40\n");
  write("sys/fs/cgroup/job/step/memory.max", "20000\n");
  write("sys/fs/cgroup/job/step/memory.current", "8000\n");
  EXPECT_EQ(available_memory(root_), 1340);
}

TEST_F(AvailableMemory, reads_the_first_version_of_groups_too) {
  write("proc/self/cgroup", "5:cpu,cpuacct:/\n4:hugetlb,memory:/slurm\n0::/\n");
  write("sys/fs/cgroup/memory/slurm/memory.limit_in_bytes", "6000\n");
  write("sys/fs/cgroup/memory/slurm/memory.usage_in_bytes", "5000\n");
  write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  write("sys/fs/cgroup/memory/memory.usage_in_bytes", "9000\n");
  EXPECT_EQ(available_memory(root_), 1000);
}

TEST_F(AvailableMemory, is_never_negative_and_nothing_where_nobody_says) {
  write("proc/self/cgroup", "0::/job\n");
  write("sys/fs/cgroup/job/memory.max", "10\n");
  write("sys/fs/cgroup/job/memory.current", "12\n");
  EXPECT_EQ(available_memory(root_), 0);
  EXPECT_EQ(available_memory(root_ / "nowhere"), std::nullopt);
}

TEST(AvailableMemoryHere, is_some) { EXPECT_GT(available_memory().value(), 1 << 20); }

}  // namespace
}  // namespace fedorbit
