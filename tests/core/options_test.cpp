#include "core/options.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "core/error.hpp"
#include "core/home.hpp"

namespace fedorbit {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

struct Inner {
  double rate = 0.001;
  std::string kind = "sgd";
  void fields(OptionList& v) {
    v("rate", rate, "", "step size", 0, 10);
    v("kind", kind, "which one", {"sgd", "adam"});
  }
};
struct Outer {
  std::int64_t rounds = 50;
  bool loud = false;
  std::string title = "a \"quoted\" title";
  Inner inner;
  void fields(OptionList& v) {
    v("rounds", rounds, "rounds", "how many", 1, 1000);
    v("loud", loud, "whether to shout");
    v("title", title, "any text");
    v.section("inner", inner);
  }
};

TEST(Options, ReadBackWhatTheyPrint) {
  Outer a, b;
  OptionList::of(a).read_text("rounds = 7\nloud = true\n[inner]\nrate = 0.1\nkind = 'adam'", "x.toml");
  OptionList::of(b).read_text(OptionList::of(a).toml(), "printed");
  EXPECT_EQ(b.rounds, 7);
  EXPECT_TRUE(b.loud);
  EXPECT_EQ(b.inner.rate, 0.1);
  EXPECT_EQ(b.inner.kind, "adam");
  EXPECT_EQ(b.title, "a \"quoted\" title");
}

TEST(Options, AreSetFromTheCommandLineWithoutQuotes) {
  Outer o;
  OptionList::of(o).set("inner.kind=adam");
  OptionList::of(o).set("inner.rate=3");
  EXPECT_EQ(o.inner.kind, "adam");
  EXPECT_EQ(o.inner.rate, 3);
}

TEST(Options, AreReadByTheNameThatTheyHadBefore) {
  struct Later : Outer {
    void fields(OptionList& v) {
      Outer::fields(v);
      v.renamed("pace", "inner.rate");
    }
  } o;
  OptionList::of(o).read_text("pace = 2.5", "x.toml");
  EXPECT_EQ(o.inner.rate, 2.5);
  OptionList::of(o).set("pace=0.5");
  EXPECT_EQ(o.inner.rate, 0.5);
  EXPECT_THAT(OptionList::of(o).toml(), testing::Not(HasSubstr("pace")));
}

TEST(Options, AnUnknownKeyNamesTheNearest) {
  Outer o;
  EXPECT_THAT(
      [&] { OptionList::of(o).read_text("[inner]\nrat = 1", "x.toml"); },
      ThrowsMessage<Error>(testing::AllOf(HasSubstr("x.toml"), HasSubstr("inner.rat"), HasSubstr("inner.rate"))));
}

TEST(Options, AnUnknownKeyNamesTheOneThatItIsShortForOrThatLiesElsewhere) {
  const std::vector<std::string> names{"training.rounds", "training.local_epochs", "optimiser.learning_rate",
                                       "probe.k"};
  EXPECT_EQ(nearest("training.lr", names), "optimiser.learning_rate");
  EXPECT_EQ(nearest("learning_rate", names), "optimiser.learning_rate");
  EXPECT_EQ(nearest("training.epochs", names), "training.local_epochs");
  EXPECT_EQ(nearest("trainin.rounds", names), "training.rounds");
  EXPECT_EQ(nearest("training.ronds", names), "training.rounds");
  const std::vector<std::string> sections{"training.rounds",   "optimiser.learning_rate", "fedavg.learning_rate",
                                          "links.upload_rate", "simsiam.width",           "links.latency"};
  EXPECT_EQ(nearest("training.learning_rate", sections), "optimiser.learning_rate or fedavg.learning_rate");
  EXPECT_EQ(nearest("fedavgg.learning_rate", sections), "fedavg.learning_rate") << "a section that was misspelt";
  EXPECT_EQ(nearest("links.width_of_band", sections).substr(0, 6), "links.") << "the section that was named";
}

TEST(Options, ANumberOfACommandLineNeedsNoDigitBeforeItsPoint) {
  Outer o;
  OptionList::of(o).set("inner.rate=.5");
  EXPECT_EQ(o.inner.rate, 0.5);
  OptionList::of(o).set("inner.rate=2.");
  EXPECT_EQ(o.inner.rate, 2);
  EXPECT_THAT([&] { OptionList::of(o).set("inner.rate=.x"); }, ThrowsMessage<Error>(HasSubstr("is not a number")));
  EXPECT_THAT([&] { OptionList::of(o).set("rounds=.5"); }, ThrowsMessage<Error>(HasSubstr("is not a whole number")));
}

TEST(Options, AValueOutOfRangeOrOfTheWrongTypeIsRefused) {
  Outer o;
  EXPECT_THAT([&] { OptionList::of(o).set("rounds=0"); }, ThrowsMessage<Error>(HasSubstr("1 to 1000")));
  EXPECT_THAT([&] { OptionList::of(o).set("rounds=2.5"); }, ThrowsMessage<Error>(HasSubstr("whole number")));
  EXPECT_THAT([&] { OptionList::of(o).set("inner.rate=10.1"); }, ThrowsMessage<Error>(HasSubstr("rate = 10.1 is not")));
  EXPECT_THAT([&] { OptionList::of(o).set("inner.rate=nan"); }, ThrowsMessage<Error>(HasSubstr("range")));
  EXPECT_THAT([&] { OptionList::of(o).set("inner.kind=sdg"); }, ThrowsMessage<Error>(HasSubstr("\"sgd\", \"adam\"")));
  EXPECT_THAT([&] { OptionList::of(o).set("loud"); }, ThrowsMessage<Error>(HasSubstr("section.name=value")));
  EXPECT_EQ(o.rounds, 50);
}

TEST(Options, AFileThatIsNotTomlIsNamedWithItsLine) {
  Outer o;
  EXPECT_THAT([&] { OptionList::of(o).read_text("rounds = 7\nrounds 8", "x.toml"); },
              ThrowsMessage<Error>(HasSubstr("x.toml, line 2")));
}

TEST(Options, ADeepNestOfTablesIsRefused) {
  const auto deep = [](int dots) {
    std::string key = "a";
    for (int i = 0; i < dots; ++i) key += ".a";
    return key + " = 1";
  };
  Outer o;
  EXPECT_THAT([&] { OptionList::of(o).read_text(deep(200'000), "x.toml"); },
              ThrowsMessage<Error>(HasSubstr("x.toml holds 200000 dots")));
  EXPECT_THAT([&] { OptionList::of(o).read_text(deep(5000), "x.toml"); },
              ThrowsMessage<Error>(HasSubstr("there is no option a.a.a")));
  EXPECT_THAT([&] { OptionList::of(o).read_text("a = " + std::string(100'000, '['), "x.toml"); },
              ThrowsMessage<Error>(HasSubstr("x.toml, line 1")));
}

TEST(Options, ATildeAtTheBeginningOfAPathIsTheHomeFolder) {
  const char* set = std::getenv("HOME");
  const std::string home = set ? set : "/";
  setenv("HOME", "/home/somebody", 1);
  EXPECT_EQ(from_home("~/x.h5"), "/home/somebody/x.h5");
  EXPECT_EQ(from_home("a~/x"), "a~/x");
  EXPECT_EQ(word_from_home("--output=~/x.h5"), "--output=/home/somebody/x.h5");
  EXPECT_EQ(word_from_home("city=~/photos"), "city=/home/somebody/photos");
  EXPECT_EQ(word_from_home("~/a=b"), "/home/somebody/a=b");
  EXPECT_EQ(word_from_home("--set=a b"), "--set=a b");
  Outer o;
  OptionList::of(o).read_text("title = '~/x.h5'", "x.toml");
  EXPECT_EQ(o.title, "/home/somebody/x.h5");
  unsetenv("HOME");
  EXPECT_THAT([] { from_home("~/x"); }, ThrowsMessage<Error>(HasSubstr("HOME is not set")));
  setenv("HOME", home.c_str(), 1);
}

}  // namespace
}  // namespace fedorbit
