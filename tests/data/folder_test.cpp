#include "data/folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "core/error.hpp"
#include "data/printable.hpp"
#include "io/file.hpp"
#include "support/source_folder.hpp"

namespace fedorbit {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class Folders : public testing::Test {
 protected:
  ~Folders() override { fs::remove_all(root_); }
  void add(const std::string& file) {
    fs::create_directories((root_ / file).parent_path());
    write_file(root_ / file, "x");
  }
  std::string problem(const std::vector<std::pair<std::string, fs::path>>& domains, const ClassNames& names = {}) {
    try {
      read_class_folders(domains, {names, 0, false});
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  }
  fs::path root_ = fs::temp_directory_path() / ("fedorbit-folders-" + std::to_string(getpid()));
};

TEST(Names, FoldersBecomeWords) {
  EXPECT_EQ(readable_name("BaseballField"), "baseball field");
  EXPECT_EQ(readable_name("baseball_field"), "baseball field");
  EXPECT_EQ(readable_name("Storage-Tanks"), "storage tanks");
  EXPECT_EQ(readable_name("denseresidential"), "denseresidential");
  EXPECT_EQ(readable_name("USGSQuad"), "usgs quad");
  EXPECT_EQ(readable_name("Sea__Lake "), "sea lake");
}

TEST(Names, TheShippedFilesNameEveryClass) {
  const fs::path source = source_folder();
  const ClassNames merced = read_class_names(source / "configs/names/ucmerced.toml");
  const ClassNames aid = read_class_names(source / "configs/names/aid.toml");
  EXPECT_EQ(merced.size(), 21u);
  EXPECT_EQ(aid.size(), 30u);
  EXPECT_EQ(merced.at("denseresidential")[0], "dense residential");
  EXPECT_THAT(aid.at("Port"), testing::Contains("harbor"));
}

TEST_F(Folders, ImagesComeInByteOrderAndClassesAreNamed) {
  for (const char* file :
       {"in/Port/b.png", "in/Port/a10.jpg", "in/Port/a9.TIF", "in/bare_land/x.jpg", "in/Port/notes.txt"})
    add(file);
  const ClassFolders found =
      read_class_folders({{"in", root_ / "in"}}, {{{"Port", {"harbor", "port"}}, {"Prot", {"x"}}}, 0, false});
  EXPECT_THAT(found.class_names, ElementsAre("harbor", "bare land"));
  EXPECT_THAT(found.synonyms, ElementsAre(ElementsAre("port"), ElementsAre()));
  std::vector<std::string> names;
  for (const SourceImage& image : found.images) names.push_back(image.name);
  EXPECT_THAT(names, ElementsAre("Port/a10.jpg", "Port/a9.TIF", "Port/b.png", "bare_land/x.jpg"));
  EXPECT_THAT(found.remarks, ElementsAre(HasSubstr("Prot"), HasSubstr("not read: 1 .txt")));
  EXPECT_EQ(read_class_folders({{"in", root_ / "in"}}, {{}, 1, false}).images.size(), 2u);
}

TEST_F(Folders, ClassesOfDomainsAreUnitedByTheirReadableNames) {
  for (const char* file : {"a/BareLand/1.png", "a/Port/1.png", "b/bare_land/1.png", "b/River/1.png"}) add(file);
  const ClassFolders found = read_class_folders({{"first", root_ / "a"}, {"second", root_ / "b"}});
  EXPECT_THAT(found.class_names, ElementsAre("bare land", "port", "river"));
  EXPECT_THAT(found.domain_names, ElementsAre("first", "second"));
  ASSERT_EQ(found.images.size(), 4u);
  std::vector<std::int64_t> labels;
  for (const SourceImage& image : found.images) labels.push_back(image.label);
  EXPECT_THAT(labels, ElementsAre(0, 1, 2, 0));  // b/River comes before b/bare_land in byte order
  EXPECT_EQ(found.images[0].name, "first/BareLand/1.png");
  EXPECT_THAT(found.remarks,
              ElementsAre(HasSubstr("first has no image of: river"), HasSubstr("second has no image of: port")));
}

TEST_F(Folders, ImagesWithoutLabelsAreTakenFromAnyDepthInByteOrder) {
  for (const char* file : {"a/2.png", "a/10.png", "a/deep/er/1.jpg", "a/deep/notes.txt", "b/@eaDir/x.png", "b/1.png"})
    add(file);
  const ClassFolders found = read_unlabelled_folders({{"first", root_ / "a"}, {"second", root_ / "b"}});
  EXPECT_THAT(found.class_names, ElementsAre("unlabelled"));
  EXPECT_THAT(found.domain_names, ElementsAre("first", "second"));
  std::vector<std::string> names;
  std::vector<std::int64_t> domains;
  for (const SourceImage& image : found.images) names.push_back(image.name), domains.push_back(image.domain);
  EXPECT_THAT(names, ElementsAre("first/10.png", "first/2.png", "first/deep/er/1.jpg", "second/1.png"));
  EXPECT_THAT(domains, ElementsAre(0, 0, 0, 1));
  EXPECT_THAT(found.remarks, ElementsAre(HasSubstr("not read: 1 .txt")));
  EXPECT_EQ(read_unlabelled_folders({{"a", root_ / "a"}}, 2).images.back().name, "2.png");
  fs::create_directories(root_ / "nothing");
  EXPECT_THROW(read_unlabelled_folders({{"x", root_ / "nothing"}}), Error);
  EXPECT_THROW(read_unlabelled_folders({{"x", root_ / "absent"}}), Error);
}

TEST_F(Folders, WhatCannotBeADataSetIsSaidWithItsName) {
  add("in/Port/a.png");
  add("twins/BareLand/1.png");
  add("twins/bare_land/1.png");
  fs::create_directories(root_ / "in/River");
  fs::create_directories(root_ / "nothing");
  EXPECT_THAT(problem({{"x", root_ / "in"}}), AllOf(HasSubstr("in/River"), HasSubstr("no image")));
  EXPECT_THAT(problem({{"x", root_ / "nothing"}}), AllOf(HasSubstr("nothing"), HasSubstr("no class folders")));
  EXPECT_THAT(problem({{"x", root_ / "absent"}}), HasSubstr("there is no folder"));
  EXPECT_THAT(problem({{"x", root_ / "twins"}}),
              AllOf(HasSubstr("BareLand and bare_land"), HasSubstr("\"bare land\"")));
  EXPECT_THAT(problem({{"x", root_ / "twins"}, {"x", root_ / "twins"}}), testing::Not("no error"));
}

TEST_F(Folders, WhatArchiversLeaveBehindIsPassedOver) {
  for (const char* file : {"in/a/1.png", "in/b/1.jfif", "in/__MACOSX/a/1.png", "in/b/._1.png", "in/@eaDir/x.png"})
    add(file);
  const ClassFolders found = read_class_folders({{"in", root_ / "in"}});
  EXPECT_THAT(found.class_names, ElementsAre("a", "b"));
  EXPECT_EQ(found.images.size(), 2u);
  EXPECT_THAT(found.remarks, ElementsAre());
}

TEST_F(Folders, WhatIsNotReadIsCountedByItsEnding) {
  for (const char* file : {"in/a/1.png", "in/a/2.heic", "in/a/3.HEIC", "in/a/notes", "in/a/more/1.png", "in/lost.jpg"})
    add(file);
  EXPECT_THAT(
      read_class_folders({{"in", root_ / "in"}}).remarks,
      ElementsAre(HasSubstr("1 image that lies in"), HasSubstr("not read: 1 without ending, 2 .heic, 1 folders")));
}

TEST_F(Folders, FoldersAboveTheClassesAreNamedAsWhatToGive) {
  for (const char* file : {"in/train/a/1.png", "in/test/a/1.png"}) add(file);
  EXPECT_THAT(problem({{"in", root_ / "in"}}),
              AllOf(HasSubstr("in/test, "), HasSubstr("in/train"), HasSubstr("give one of these")));
}

TEST_F(Folders, AClassFolderWithoutImagesIsLeftOutWhereThatIsAllowed) {
  add("in/a/1.png");
  fs::create_directories(root_ / "in/b");
  EXPECT_THAT(problem({{"in", root_ / "in"}}), AllOf(HasSubstr("in/b holds no image"), HasSubstr("--skip-bad")));
  const ClassFolders found = read_class_folders({{"in", root_ / "in"}}, {{}, 0, true});
  EXPECT_THAT(found.class_names, ElementsAre("a"));
  EXPECT_THAT(found.remarks, ElementsAre(HasSubstr("in/b holds no image")));
}

TEST_F(Folders, LinksThatLeadNowhereAreImagesWithAProblem) {
  add("in/a/1.png");
  fs::create_symlink("../.git/annex/2.png", root_ / "in/a/2.png");
  const ClassFolders found = read_class_folders({{"in", root_ / "in"}});
  ASSERT_EQ(found.images.size(), 2u);
  EXPECT_EQ(found.images[0].problem, "");
  EXPECT_THAT(found.images[1].problem, AllOf(HasSubstr("in/a/2.png"), HasSubstr(".git/annex/2.png")));
  fs::create_symlink("nowhere", root_ / "in/b");
  EXPECT_THAT(problem({{"in", root_ / "in"}}), AllOf(HasSubstr("in/b"), HasSubstr("a link to nowhere")));
}

TEST_F(Folders, NamesThatAreNotUtf8AreShownEscapedAndNeedAClassName) {
  add("in/\xbb\xfa/\xb3.png");
  EXPECT_THAT(problem({{"in", root_ / "in"}}), AllOf(HasSubstr("\\xbb\\xfa"), HasSubstr("--names")));
  const ClassFolders found = read_class_folders({{"in", root_ / "in"}}, {{{"\\xbb\\xfa", {"airport"}}}, 0, false});
  EXPECT_THAT(found.class_names, ElementsAre("airport"));
  ASSERT_EQ(found.images.size(), 1u);
  EXPECT_EQ(found.images[0].name, "\\xbb\\xfa/\\xb3.png");
  EXPECT_EQ(printable("Stra\xc3\x9f"
                      "e\n\xc3"),
            "Stra\xc3\x9f"
            "e\\x0a\\xc3");
}

TEST_F(Folders, ABadNamesFileIsAnErrorWithItsKeyOrLine) {
  const auto said = [&](const char* toml) {
    fs::create_directories(root_);
    write_file(root_ / "names.toml", toml);
    try {
      read_class_names(root_ / "names.toml");
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  EXPECT_THAT(said("Port = 3"), AllOf(HasSubstr("names.toml"), HasSubstr("Port")));
  EXPECT_THAT(said("Port = [\"a\", 3]"), HasSubstr("Port"));
  EXPECT_THAT(said("\nPort = "), HasSubstr("line 2"));
  EXPECT_THAT(said("Port = \"\""), HasSubstr("empty"));
}

}  // namespace
}  // namespace fedorbit
