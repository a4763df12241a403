// The configurations that come with the program, and what README says of methods.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "federation/experiment.hpp"
#include "support/source_folder.hpp"

namespace fedorbit {
namespace {

/// Of runs: studies and pre-training have options of their own.
std::vector<std::filesystem::path> configurations() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(source_folder() / "configs")) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(".toml") && !name.starts_with("study-") && !name.starts_with("pretrain-"))
      files.push_back(entry.path());
  }
  return files;
}

std::string readme() {
  std::ostringstream text;
  text << std::ifstream(source_folder() / "README.md").rdbuf();
  return text.str();
}

TEST(Configurations, name_options_that_there_are) {
  ASSERT_FALSE(configurations().empty());
  for (const auto& file : configurations()) {
    Experiment experiment;
    EXPECT_NO_THROW(OptionList::of(experiment).read_file(file)) << file;
  }
}

TEST(Configurations, are_named_by_readme) {
  const std::string said = readme();
  for (const auto& file : configurations())
    EXPECT_NE(said.find("configs/" + file.filename().string()), std::string::npos) << file;
}

TEST(Methods, are_named_by_readme) {
  const std::string said = readme();
  for (const auto& names : {learner_names(), strategy_names(), codec_names()})
    for (const std::string& name : names) EXPECT_NE(said.find("`" + name + "`"), std::string::npos) << name;
}

/// A learner and a strategy of one name would have their options in one section.
TEST(Options, have_names_of_their_own) {
  Experiment experiment;
  const OptionList list = OptionList::of(experiment);
  std::set<std::string> known;
  for (const Option& option : list.options()) EXPECT_TRUE(known.insert(option.path).second) << option.path;
}

}  // namespace
}  // namespace fedorbit
