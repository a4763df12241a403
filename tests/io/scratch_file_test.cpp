// Room on a disk that is gone with its process.
#include "io/scratch_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>

#include <array>
#include <cstdlib>

#include "core/error.hpp"

namespace fedorbit {
namespace {

using testing::HasSubstr;

struct ScratchFiles : testing::Test {
  std::filesystem::path folder =
      std::filesystem::temp_directory_path() /
      text("fedorbit-scratch-", getpid(), "-", testing::UnitTest::GetInstance()->current_test_info()->name());
  void SetUp() override { std::filesystem::create_directories(folder); }
  void TearDown() override { std::filesystem::remove_all(folder); }

  template <class Action>
  static std::string sentence_of(Action action) {
    try {
      action();
    } catch (const Error& error) {
      return error.what();
    }
    return "nothing was thrown";
  }
};

TEST_F(ScratchFiles, give_back_what_was_written_anywhere_in_them) {
  ScratchFile file(folder, "what is tested");
  const std::array<int, 3> one{1, 2, 3}, other{4, 5, 6};
  file.write(40, one.data(), sizeof one);
  file.write(0, other.data(), sizeof other);
  file.flush();
  std::array<int, 2> back{};
  file.read(44, back.data(), sizeof back);
  EXPECT_EQ(back, (std::array<int, 2>{2, 3}));
  file.read(0, back.data(), sizeof back);
  EXPECT_EQ(back, (std::array<int, 2>{4, 5}));
}

TEST_F(ScratchFiles, have_no_name_that_a_killed_process_could_leave) {
  ScratchFile file(folder, "what is tested");
  file.write(0, "much", 4);
  EXPECT_TRUE(std::filesystem::is_empty(folder));
}

TEST_F(ScratchFiles, say_what_they_cannot_keep_and_why) {
  EXPECT_EQ(
      sentence_of([&] { ScratchFile(folder / "none", "what is tested"); }),
      text("what is tested cannot be kept in a file in ", (folder / "none").string(), ": No such file or directory."));
  ScratchFile file(folder, "what is tested");
  char beyond = 0;
  EXPECT_THAT(sentence_of([&] { file.read(10, &beyond, 1); }), HasSubstr("what is tested cannot be read back"));
}

TEST_F(ScratchFiles, on_a_full_disk_say_so) {
  if (mount("none", folder.c_str(), "tmpfs", 0, "size=64k") != 0)
    GTEST_SKIP() << "a small file system cannot be mounted here";
  {
    ScratchFile file(folder, "what is tested");
    const std::string much(1 << 20, 'x');
    EXPECT_THAT(sentence_of([&] { file.write(0, much.data(), much.size()); }), HasSubstr("No space left on device."));
  }
  umount2(folder.c_str(), MNT_DETACH);
}

TEST_F(ScratchFiles, lie_where_they_are_asked_for_else_in_the_job_s_folder_on_a_disk) {
  const char* former = std::getenv("TMPDIR");
  const std::string kept = former ? former : "";
  const std::filesystem::path disk = std::filesystem::current_path();  // of the build
  ::setenv("TMPDIR", disk.c_str(), 1);
  EXPECT_EQ(scratch_folder("", "/run"), disk);
  EXPECT_EQ(scratch_folder("/", "/run"), "/");
  EXPECT_THAT(sentence_of([] { scratch_folder("/nowhere", "/run"); }), HasSubstr("machine.scratch = /nowhere"));
  ::setenv("TMPDIR", (folder / "none").c_str(), 1);
  EXPECT_EQ(scratch_folder("", "/run"), "/run");
  if (std::filesystem::is_directory("/dev/shm")) {
    ::setenv("TMPDIR", "/dev/shm", 1);
    EXPECT_EQ(scratch_folder("", "/run"), "/run") << "a folder in memory saves none";
  }
  ::unsetenv("TMPDIR");
  EXPECT_EQ(scratch_folder("", "/run"), "/run");
  if (former) ::setenv("TMPDIR", kept.c_str(), 1);
}

}  // namespace
}  // namespace fedorbit
