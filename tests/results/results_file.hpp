// A folder for a results file, what such a file holds, and processes that are killed while they write one.
#pragma once
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <map>
#include <sstream>
#include <string>

#include "core/error.hpp"
#include "io/file.hpp"
#include "io/h5_tensor.hpp"
#include "results/recorder.hpp"
#include "results/synthetic_run.hpp"

namespace fedorbit {

struct Results : testing::Test {
  std::filesystem::path folder =
      std::filesystem::temp_directory_path() /
      text("fedorbit-results-", getpid(), "-", testing::UnitTest::GetInstance()->current_test_info()->name());
  std::filesystem::path path = folder / "results.h5";
  void SetUp() override { std::filesystem::create_directories(folder); }
  void TearDown() override { std::filesystem::remove_all(folder); }
};

template <class Action>
std::string sentence_of(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

/// Every dataset below `group` that is not a time, by path, as text.
inline void collect(const h5::File& file, const std::string& group, std::map<std::string, std::string>& found) {
  for (const std::string& name : file.names(group)) {
    const std::string path = (group == "/" ? "" : group) + "/" + name;
    if (file.is_group(path)) {
      collect(file, path, found);
      continue;
    }
    const h5::Dataset dataset = file.dataset(path);
    if (dataset.has_attribute("kind") && dataset.text_attribute("kind") == "time") continue;
    std::ostringstream out;
    if (dataset.holds_text())
      for (const std::string& value : dataset.read_texts()) out << value << '|';
    else
      out << h5::read_tensor(file, path);
    found[path] = out.str();
  }
}

inline std::map<std::string, std::string> content(const std::filesystem::path& path) {
  std::map<std::string, std::string> found;
  collect(h5::File::open(path), "/", found);
  return found;
}

/// A mark that a process leaves for the one after it, as a checkpoint does.
inline void leave_mark(Recorder& recorder, const std::filesystem::path& file) {
  const Journal::Mark mark = recorder.keep();
  write_file(file, text(mark.bytes, " ", mark.checksum));
}

inline Journal::Mark mark_in(const std::filesystem::path& file) {
  Journal::Mark mark;
  std::istringstream(read_file(file)) >> mark.bytes >> mark.checksum;
  return mark;
}

/// Runs `action` in a process of its own that ends by SIGKILL, whatever the action does.
template <class Action>
void kill_after(Action action) {
  const pid_t child = fork();
  if (child == 0) {
    action();
    kill(getpid(), SIGKILL);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

}  // namespace fedorbit
