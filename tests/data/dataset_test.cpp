#include "data/dataset.hpp"

#include <ATen/ops/equal.h>
#include <ATen/ops/from_blob.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "core/error.hpp"
#include "data/dataset_file.hpp"
#include "data/dataset_prepare.hpp"
#include "data/transform.hpp"
#include "io/file.hpp"
#include "support/source_folder.hpp"

namespace fedorbit {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

template <class Act>
std::string problem(const Act& act) {
  try {
    act();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

/// A folder with images of two classes whose sizes differ: Port (3 images) and River (2).
class Datasets : public testing::Test {
 protected:
  Datasets() {
    for (int i = 0; i < 5; ++i) {
      const fs::path path = root_ / "in" / (i < 3 ? "Port" : "River") / ("i" + std::to_string(i) + ".png");
      fs::create_directories(path.parent_path());
      write_png(path, picture(i));
    }
  }
  ~Datasets() override { fs::remove_all(root_); }

  static Image picture(int i) {
    Image image{4 + i, 6 + 2 * i, {}};
    for (std::int64_t k = 0; k < image.height * image.width * 3; ++k)
      image.pixels.push_back(std::uint8_t(31 * i + 7 * k));
    return image;
  }
  Prepared prepare(const std::string& name = "data.h5", bool skip_bad = false, int threads = 2) {
    return prepare_folders(
        read_class_folders({{"in", root_ / "in"}}, {{{"Port", {"harbor", "port", "marina"}}}, 0, false}), {}, skip_bad,
        root_ / name, {.threads = threads});
  }
  /// Copies the good file, lets `spoil` change it, and returns what opening it says.
  template <class Spoil>
  std::string spoiled(const Spoil& spoil) {
    prepare();
    {
      h5::File file = h5::File::open(root_ / "data.h5", h5::Access::modify);
      spoil(file);
      file.close();
    }
    return problem([&] { Dataset::open(root_ / "data.h5"); });
  }
  fs::path root_ = fs::temp_directory_path() / ("fedorbit-datasets-" + std::to_string(getpid()));
};

TEST_F(Datasets, AFlippedBitOfAPixelIsFoundWhenTheImageIsRead) {
  EXPECT_EQ(spoiled([](h5::File& file) {
              h5::Dataset pixels = file.dataset(data_file::pixels);
              std::vector<std::uint8_t> value = pixels.read_rows<std::uint8_t>(pixels.rows() - 1, 1);
              value[0] ^= 1;
              pixels.write_rows<std::uint8_t>(pixels.rows() - 1, value);
            }),
            "no error");
  const Dataset data = Dataset::open(root_ / "data.h5");
  EXPECT_EQ(problem([&] { data.image(3); }), "no error");
  EXPECT_THAT(problem([&] { data.image(4); }), HasSubstr("the pixels of image 4 do not fit their checksum"));
}

TEST_F(Datasets, AFileWithoutChecksumsOfImagesIsHeldToItsOwnWhenItIsOpened) {
  const auto forget = [](h5::File& file) { H5Ldelete(file.id(), data_file::pixels_sha256, H5P_DEFAULT); };
  EXPECT_EQ(spoiled(forget), "no error");
  EXPECT_THAT(spoiled([&](h5::File& file) {
                forget(file);
                file.dataset(data_file::pixels).write_rows<std::uint8_t>(7, std::vector<std::uint8_t>{1});
              }),
              HasSubstr("do not fit its checksum"));
}

TEST_F(Datasets, AnotherLabelOrNameDoesNotFitTheChecksum) {
  EXPECT_THAT(spoiled([](h5::File& file) {
                file.dataset(data_file::label).write_rows<std::int64_t>(1, std::vector<std::int64_t>{1});
              }),
              HasSubstr("do not fit its checksum"));
  EXPECT_THAT(spoiled([](h5::File& file) {
                file.dataset(data_file::class_name).write_texts(0, std::vector<std::string>{"hArbor"});
              }),
              HasSubstr("do not fit its checksum"));
}

TEST_F(Datasets, AFolderComesBackImageByImage) {
  const Prepared prepared = prepare();
  const Dataset data = Dataset::open(root_ / "data.h5");
  EXPECT_EQ(data.size(), 5);
  EXPECT_THAT(data.class_names(), ElementsAre("harbor", "river"));
  EXPECT_THAT(data.synonyms(), ElementsAre(ElementsAre("port", "marina"), ElementsAre()));
  EXPECT_THAT(data.domain_names(), ElementsAre("in"));
  EXPECT_EQ(data.checksum(), prepared.checksum);
  for (int i = 4; i >= 0; --i) {
    const Image wanted = picture(i);
    const Tensor image = data.image(i);
    EXPECT_EQ(data.labels()[i].item<std::int64_t>(), i < 3 ? 0 : 1);
    EXPECT_EQ(data.domains()[i].item<std::int64_t>(), 0);
    ASSERT_EQ(image.sizes(), (at::IntArrayRef{wanted.height, wanted.width, 3}));
    EXPECT_EQ(std::vector<std::uint8_t>(image.data_ptr<std::uint8_t>(), image.data_ptr<std::uint8_t>() + image.numel()),
              wanted.pixels);
  }
  EXPECT_THROW(data.image(5), Error);
  const h5::File file = h5::File::open(root_ / "data.h5");
  EXPECT_EQ(file.read_texts(data_file::file_name)[3], "River/i3.png");
  EXPECT_EQ(file.read_texts(data_file::file_sha256)[3], sha256_of_file(root_ / "in/River/i3.png"));
}

TEST_F(Datasets, TheNumberOfThreadsCannotBeSeen) {
  const std::string one = prepare("one.h5", false, 1).checksum, seven = prepare("seven.h5", false, 7).checksum;
  EXPECT_EQ(one, seven);
  const h5::File a = h5::File::open(root_ / "one.h5"), b = h5::File::open(root_ / "seven.h5");
  EXPECT_EQ(a.read<std::uint8_t>(data_file::pixels), b.read<std::uint8_t>(data_file::pixels));
  EXPECT_EQ(a.read_texts(data_file::file_name), b.read_texts(data_file::file_name));
  const SyntheticOptions scenes{.per_class = 2, .size = 16};
  EXPECT_EQ(prepare_synthetic(scenes, root_ / "s.h5", {.threads = 1}).checksum,
            prepare_synthetic(scenes, root_ / "t.h5", {.threads = 5}).checksum);
}

TEST_F(Datasets, TheChecksumFollowsThePixelsAndNotTheFileNames) {
  const std::string before = prepare().checksum;
  fs::rename(root_ / "in/River/i4.png", root_ / "in/River/z.png");
  EXPECT_EQ(prepare().checksum, before);
  Image image = picture(4);
  image.pixels[10] ^= 1;
  write_png(root_ / "in/River/z.png", image);
  EXPECT_NE(prepare().checksum, before);
}

TEST_F(Datasets, LargerImagesAreReducedAsThePreprocessingWould) {
  const auto folders = read_class_folders({{"in", root_ / "in"}});
  prepare_folders(folders, {}, false, root_ / "small.h5", {.resize = 6});
  const Dataset data = Dataset::open(root_ / "small.h5");
  for (int i = 0; i < 5; ++i) {
    const Image whole = picture(i);
    const Tensor image = data.image(i).permute({2, 0, 1});
    EXPECT_EQ(std::min(image.size(1), image.size(2)), std::min<std::int64_t>(6, whole.height));
    const Tensor before =
        at::from_blob(const_cast<std::uint8_t*>(whole.pixels.data()), {whole.height, whole.width, 3}, at::kByte)
            .permute({2, 0, 1});
    const Transform transform{.image_size = 6};
    if (whole.height > 6) {
      EXPECT_TRUE(at::equal(transform.square(image), transform.square(before)));
    }
  }
}

TEST_F(Datasets, AClassWhoseImagesAreAllBadIsNotLostSilently) {
  for (int i : {3, 4}) write_file(root_ / ("in/River/i" + std::to_string(i) + ".png"), "no image");
  EXPECT_THAT(problem([&] { prepare("data.h5", true); }),
              AllOf(HasSubstr("no image of the class \"river\""), HasSubstr("i3.png"), HasSubstr("i4.png")));
  EXPECT_FALSE(fs::exists(root_ / "data.h5"));
}

TEST_F(Datasets, EveryBadFileIsListedAndNothingIsWritten) {
  write_file(root_ / "in/Port/bad1.jpg", "no image");
  write_file(root_ / "in/River/bad2.png", read_file(root_ / "in/River/i3.png").substr(0, 60));
  const std::string said = problem([&] { prepare(); });
  EXPECT_THAT(said, AllOf(HasSubstr("2 of 7"), HasSubstr("bad1.jpg"), HasSubstr("bad2.png"), HasSubstr("--skip-bad")));
  EXPECT_FALSE(fs::exists(root_ / "data.h5"));
  EXPECT_FALSE(fs::exists(part_path(root_ / "data.h5")));
}

TEST_F(Datasets, SkippedFilesAreListedInTheFile) {
  write_file(root_ / "in/Port/bad1.jpg", "no image");
  const Prepared prepared = prepare("data.h5", true);
  EXPECT_EQ(prepared.images, 5);
  EXPECT_THAT(prepared.skipped, ElementsAre(HasSubstr("bad1.jpg")));
  EXPECT_EQ(Dataset::open(root_ / "data.h5").size(), 5);
  EXPECT_THAT(h5::File::open(root_ / "data.h5").read_texts(data_file::skipped_file), ElementsAre("Port/bad1.jpg"));
}

TEST_F(Datasets, AClassWhoseImagesAreAllBadIsAnErrorEvenWhenSkipping) {
  write_file(root_ / "in/River/i3.png", "x");
  write_file(root_ / "in/River/i4.png", "x");
  EXPECT_THAT(problem([&] { prepare("data.h5", true); }), AllOf(HasSubstr("\"river\""), HasSubstr("no image")));
  EXPECT_FALSE(fs::exists(root_ / "data.h5"));
}

TEST_F(Datasets, AFailedSecondTryKeepsTheFirstFile) {
  const std::string checksum = prepare().checksum;
  write_file(root_ / "in/Port/bad.jpg", "no image");
  EXPECT_THROW(prepare(), Error);
  EXPECT_EQ(Dataset::open(root_ / "data.h5").checksum(), checksum);
}

TEST_F(Datasets, AnOutputThatCannotBeWrittenIsAnErrorThatNamesIt) {
  EXPECT_THAT(problem([&] { prepare("absent/data.h5"); }), HasSubstr("absent/data.h5"));
}

TEST_F(Datasets, FilesOfOtherKindsAreRefused) {
  write_file(root_ / "text.h5", "this is no HDF5 file");
  EXPECT_THAT(problem([&] { Dataset::open(root_ / "text.h5"); }), HasSubstr("text.h5"));
  EXPECT_THAT(problem([&] { Dataset::open(root_ / "absent.h5"); }), HasSubstr("absent.h5"));
  h5::File::create(root_ / "other.h5").close();
  EXPECT_THAT(problem([&] { Dataset::open(root_ / "other.h5"); }),
              AllOf(HasSubstr("other.h5"), HasSubstr("fedorbit prepare")));
  EXPECT_THAT(spoiled([](h5::File& file) { file.set_attribute("version", std::int64_t(9)); }), HasSubstr("version 9"));
}

TEST_F(Datasets, ATruncatedFileIsRefused) {
  prepare();
  const std::string bytes = read_file(root_ / "data.h5");
  for (double share : {0.02, 0.5, 0.95}) {
    write_file(root_ / "cut.h5", bytes.substr(0, std::size_t(share * double(bytes.size()))));
    EXPECT_THAT(problem([&] { Dataset::open(root_ / "cut.h5"); }), HasSubstr("cut.h5")) << share;
  }
}

TEST_F(Datasets, AMissingDatasetIsNamed) {
  for (const char* name : {data_file::label, data_file::pixels, data_file::height, data_file::class_name}) {
    const std::string said = spoiled([&](h5::File& file) { H5Ldelete(file.id(), name, H5P_DEFAULT); });
    EXPECT_THAT(said, AllOf(HasSubstr("data.h5"), HasSubstr(name + 1)));
  }
}

TEST_F(Datasets, ContradictionsAreNamed) {
  const auto put = [](const char* name, std::int64_t row, std::int64_t value) {
    return [=](h5::File& file) { file.dataset(name).write_rows<std::int64_t>(row, std::vector{value}); };
  };
  EXPECT_THAT(spoiled(put(data_file::label, 2, 7)), AllOf(HasSubstr("/label of image 2 is 7"), HasSubstr("0 to 1")));
  EXPECT_THAT(spoiled(put(data_file::label, 2, -1)), HasSubstr("is -1"));
  EXPECT_THAT(spoiled(put(data_file::domain, 0, 1)), HasSubstr("/domain"));
  EXPECT_THAT(spoiled(put(data_file::offset, 4, 5000)), AllOf(HasSubstr("image 4"), HasSubstr("/pixels")));
  EXPECT_THAT(spoiled(put(data_file::height, 1, 0)), HasSubstr("image 1"));
  EXPECT_THAT(spoiled(put(data_file::width, 1, std::int64_t(1) << 62)), HasSubstr("image 1"));
  EXPECT_THAT(spoiled([](h5::File& file) {
                file.dataset(data_file::label).write_rows<std::int64_t>(3, std::vector<std::int64_t>{0, 0});
              }),
              AllOf(HasSubstr("\"river\""), HasSubstr("no image")));
  EXPECT_THAT(spoiled([](h5::File& file) {
                H5Ldelete(file.id(), data_file::width, H5P_DEFAULT);
                file.write<std::int64_t>(data_file::width, {2}, std::vector<std::int64_t>{4, 4});
              }),
              AllOf(HasSubstr("/width has 2 rows"), HasSubstr("/label has 5")));
  EXPECT_THAT(spoiled([](h5::File& file) {
                H5Ldelete(file.id(), data_file::pixels, H5P_DEFAULT);
                file.write<std::uint8_t>(data_file::pixels, {1200, 2}, std::vector<std::uint8_t>(2400));
              }),
              HasSubstr("/pixels has more than one axis"));
}

TEST_F(Datasets, SyntheticScenesOnDemandAndPreparedAreTheSamePixels) {
  const SyntheticOptions options{.classes = "forest,harbor", .domains = "aerial,hazy", .per_class = 3, .size = 24};
  prepare_synthetic(options, root_ / "s.h5", {.threads = 2});
  const Dataset lazy = Dataset::synthetic(options), stored = Dataset::open(root_ / "s.h5");
  EXPECT_EQ(lazy.size(), 12);
  EXPECT_TRUE(at::equal(lazy.labels(), stored.labels()));
  EXPECT_TRUE(at::equal(lazy.domains(), stored.domains()));
  EXPECT_EQ(lazy.class_names(), stored.class_names());
  EXPECT_EQ(lazy.synonyms(), stored.synonyms());
  EXPECT_EQ(lazy.domain_names(), stored.domain_names());
  for (int i = 0; i < 12; ++i) EXPECT_TRUE(at::equal(lazy.image(i), stored.image(i)));
  SyntheticOptions other = options;
  other.seed = 2;
  EXPECT_NE(Dataset::synthetic(other).checksum(), lazy.checksum());
}

TEST_F(Datasets, AContactSheetHasARowForEachClass) {
  const Image sheet =
      contact_sheet({.classes = "forest,harbor", .domains = "aerial,hazy", .per_class = 9, .size = 16}, 4);
  EXPECT_EQ(sheet.height, 2 * 19);
  EXPECT_EQ(sheet.width, 8 * 19);
  EXPECT_EQ(sheet.pixels.size(), std::size_t(sheet.height * sheet.width * 3));
}

TEST_F(Datasets, UcMercedIsPreparedWhole) {
  const fs::path folder = source_folder() / "../shared/data/ucmerced";
  if (!fs::exists(folder)) GTEST_SKIP() << "UC Merced is not here";
  const ClassNames names = read_class_names(source_folder() / "configs/names/ucmerced.toml");
  const ClassFolders folders = read_class_folders({{"ucmerced", folder}}, {names, 0, false});
  EXPECT_TRUE(folders.remarks.empty());
  EXPECT_EQ(prepare_folders(folders, {}, false, root_ / "u.h5", {.threads = 2}).images, 2100);
  const Dataset data = Dataset::open(root_ / "u.h5");
  EXPECT_EQ(data.classes(), 21);
  int odd = 0;
  for (std::int64_t i = 0; i < data.size(); ++i) {
    const Tensor image = data.image(i);
    odd += image.size(0) != 256 || image.size(1) != 256;
  }
  EXPECT_EQ(odd, 44);
}

}  // namespace
}  // namespace fedorbit
