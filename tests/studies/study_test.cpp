// Which runs a STUDY.toml describes, and what is said of one that cannot be.
#include "studies/study.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "io/file.hpp"
#include "support/checks.hpp"

namespace fedorbit {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct Studies : testing::Test {
  std::filesystem::path folder =
      std::filesystem::temp_directory_path() /
      text("fedorbit-study-", getpid(), "-", testing::UnitTest::GetInstance()->current_test_info()->name());
  void SetUp() override {
    std::filesystem::create_directories(folder);
    write_file(folder / "base.toml", "name = 'base'\ntraining.rounds = 7\n");
    write_file(folder / "mine.toml", "method.strategy = 'fedprox'\ntraining.rounds = 9\nfedprox.mu = 0.5\n");
    write_file(folder / "yours.toml", "method.learner = 'prompt'\n");
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  Study read(const std::string& words) const {
    write_file(folder / "study.toml", words);
    return read_study(folder / "study.toml");
  }
  std::vector<std::string> names(const std::string& words) const {
    std::vector<std::string> names;
    for (const StudyRun& run : read(words).runs) names.push_back(run.name);
    return names;
  }
  std::string refusal(const std::string& words) const {
    return sentence([&] { read(words); });
  }
};

TEST_F(Studies, are_all_combinations_of_settings_and_repeats_in_the_order_of_the_file) {
  EXPECT_THAT(names("[settings]\npartition.clients = [4, 2]\nmethod.learner = ['prompt', 'dual_prompt']\n"
                    "[repeats]\nseed = [1, 2]"),
              ElementsAre("clients=4,learner=prompt,seed=1", "clients=4,learner=prompt,seed=2",
                          "clients=4,learner=dual_prompt,seed=1", "clients=4,learner=dual_prompt,seed=2",
                          "clients=2,learner=prompt,seed=1", "clients=2,learner=prompt,seed=2",
                          "clients=2,learner=dual_prompt,seed=1", "clients=2,learner=dual_prompt,seed=2"));
}

TEST_F(Studies, keep_settings_and_repeats_apart) {
  const Study study = read("name = 'a/b'\n[settings]\npartition.alpha = [0.5, 1.0]\n[repeats]\nseed = [1, 2]");
  EXPECT_EQ(study.name, "a-b");
  ASSERT_EQ(study.runs.size(), 4u);
  EXPECT_EQ(study.runs[3].settings.size(), 1u);
  EXPECT_EQ(study.runs[3].settings[0].value, "1.0");
  EXPECT_EQ(study.runs[3].repeats[0].axis, "seed");
}

TEST_F(Studies, lay_axes_over_options_over_the_method_over_the_base) {
  const Study study = read(
      "base = 'base.toml'\nranks = 2\noptions.fedprox.mu = 0.25\n[settings]\n"
      "method = ['mine.toml', 'yours.toml']\npartition.clients = 3");
  ASSERT_EQ(study.runs.size(), 2u);
  const StudyRun &mine = study.runs[0], &yours = study.runs[1];
  EXPECT_EQ(mine.name, "mine,clients=3");
  EXPECT_EQ(mine.rounds, 9);
  EXPECT_EQ(mine.ranks, 2);
  EXPECT_THAT(mine.configuration, HasSubstr("mu = 0.25"));
  EXPECT_THAT(mine.configuration, HasSubstr("clients = 3"));
  EXPECT_THAT(mine.configuration, HasSubstr("name = 'mine,clients=3'"));
  EXPECT_EQ(yours.rounds, 7);
  EXPECT_THAT(yours.configuration, HasSubstr("strategy = 'fedavg'"));
}

TEST_F(Studies, leave_out_what_is_excluded_and_add_what_is_included) {
  EXPECT_THAT(names("[settings]\npartition.clients = [1, 2, 3]\nranks = [1, 2]\n[[exclude]]\nranks = 2\n"
                    "partition.clients = [1, 3]\n[[include]]\npartition.clients = 9\nranks = 4"),
              ElementsAre("clients=1,ranks=1", "clients=2,ranks=1", "clients=2,ranks=2", "clients=3,ranks=1",
                          "clients=9,ranks=4"));
}

TEST_F(Studies, name_axes_whole_where_their_last_words_are_the_same) {
  EXPECT_THAT(names("[settings]\nsynthetic.seed = 3\n[repeats]\nseed = 4"), ElementsAre("synthetic.seed=3,seed=4"));
}

TEST_F(Studies, have_names_that_are_folders) {
  EXPECT_THAT(names("[settings]\ndata.path = ['a/one.h5', 'b/two.h5']\nsynthetic.domains = 'winter,coarse'"),
              ElementsAre("path=one,domains=winter-coarse", "path=two,domains=winter-coarse"));
}

TEST_F(Studies, name_all_values_that_no_run_can_have_before_anything_starts) {
  const std::string said = refusal(
      "[settings]\npartition.clients = [1, 2, 3, 0]\nmethod.lerner = 'prompt'\nranks = [1, 0]\n[repeats]\nseed = ['a', "
      "2]");
  for (const char* part : {"partition.clients = 0 is not in its range, 1 to 1000000000",
                           "there is no option method.lerner; the nearest is method.learner",
                           "ranks = 0 is not a whole number", "seed = 'a' is not a whole number"})
    EXPECT_THAT(said, HasSubstr(part));
}

TEST_F(Studies, are_refused_in_a_sentence_where_they_describe_nothing_or_one_thing_twice) {
  EXPECT_THAT(refusal("name = 'x'"), HasSubstr("describes no run: it needs [settings], [repeats] or [[include]]"));
  EXPECT_THAT(refusal("[settings]\npartition.clients = []"), HasSubstr("the axis partition.clients has no value"));
  EXPECT_THAT(refusal("[settings]\npartition.clients = [[1]]"), HasSubstr("which is no single value"));
  EXPECT_THAT(refusal("[settings]\npartition.clients = [1, 1]"),
              HasSubstr("describes two runs of one name, clients=1"));
  EXPECT_THAT(
      refusal("[setings]\nseed = 1"),
      HasSubstr("a study has no setings; the nearest is settings; the configuration of a run is for `fedorbit run`"));
  EXPECT_THAT(refusal("[settings]\nseed = 1\n[[exclude]]\nseed = 2"),
              HasSubstr("no combination of the settings is excluded by seed = 2"));
  EXPECT_THAT(refusal("[settings]\nseed = 1\n[[exclude]]\nseed = 1"), HasSubstr("all combinations are excluded"));
  EXPECT_THAT(refusal("[settings]\nmethod = 'missing.toml'"), HasSubstr("missing.toml does not exist"));
  EXPECT_THAT(refusal("[settings]\nseed = 1\n[[before]]\ncommand = 'encode'"),
              HasSubstr("before needs a command of the program and the file that it makes"));
  EXPECT_THAT(sentence([&] { read_study(folder / "none.toml"); }), HasSubstr("none.toml"));
}

}  // namespace
}  // namespace fedorbit
