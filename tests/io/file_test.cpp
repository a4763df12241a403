// Files appear under their final name only when they are whole.
#include "io/file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "core/error.hpp"

namespace fedorbit {
namespace {

using testing::HasSubstr;

struct Files : testing::Test {
  std::filesystem::path folder =
      std::filesystem::temp_directory_path() /
      text("fedorbit-files-", getpid(), "-", testing::UnitTest::GetInstance()->current_test_info()->name());
  std::filesystem::path path = folder / "note.txt";
  void SetUp() override { std::filesystem::create_directories(folder); }
  void TearDown() override { std::filesystem::remove_all(folder); }
};

TEST_F(Files, AFileHasItsNameOnlyAfterCommit) {
  write_file(path, "old");
  AtomicFile file(path);
  file.write("new");
  EXPECT_EQ(read_file(path), "old");
  file.commit();
  EXPECT_EQ(read_file(path), "new");
  EXPECT_FALSE(std::filesystem::exists(part_path(path)));
}

TEST_F(Files, AnAbandonedFileLeavesNothing) {
  { AtomicFile(path).write("half"); }
  EXPECT_TRUE(std::filesystem::is_empty(folder));
}

TEST_F(Files, AFileThatCannotBeWrittenIsNamedWithTheReason) {
  try {
    write_file(folder / "no" / "where", "x");
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("where cannot be written: No such file or directory."));
  }
}

TEST_F(Files, AFullDiskIsSaidSo) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "this system has no /dev/full";
  std::filesystem::create_symlink("/dev/full", part_path(path));
  try {
    write_file(path, "x");
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("note.txt cannot be written: No space left on device."));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(Files, ChecksumsAreThoseOfTheStandard) {
  // FIPS 180-4's examples: the message "abc", and one million times "a".
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  write_file(path, std::string(1'000'000, 'a'));
  EXPECT_EQ(sha256_of_file(path), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

}  // namespace
}  // namespace fedorbit
