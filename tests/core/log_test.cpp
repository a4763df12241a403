// What a message looks like on the terminal and in the log file.
#include "core/log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace fedorbit {
namespace {

TEST(Log, a_warning_says_once_that_it_is_one_and_other_messages_stand_as_they_are) {
  const auto file = std::filesystem::path(testing::TempDir()) / "fedorbit-log.txt";
  std::filesystem::remove(file);
  testing::internal::CaptureStderr();
  log::warning("a cloud");
  log::start(log::Level::normal, file);
  log::info("a river");
  log::warning("a storm");
  log::detail("a drop");
  log::start(log::Level::normal);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "warning: a cloud\na river\nwarning: a storm\n");
  std::ifstream stream(file);
  const std::string words{std::istreambuf_iterator<char>(stream), {}};
  EXPECT_THAT(words, testing::MatchesRegex("[0-9 :-]+ a river\n[0-9 :-]+ warning: a storm\n[0-9 :-]+ a drop\n"));
}

}  // namespace
}  // namespace fedorbit
