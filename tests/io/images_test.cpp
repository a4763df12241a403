#include "io/images.hpp"

#include <gdal.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>

#include "core/error.hpp"
#include "io/file.hpp"
#include "support/source_folder.hpp"

namespace fedorbit {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

/// A folder of its own for each test.
class Images : public testing::Test {
 protected:
  Images() { fs::create_directories(folder_); }
  ~Images() override { fs::remove_all(folder_); }

  /// Writes a file whose sample at (y, x) of band b is values[(b * height + y) * width + x].
  fs::path write(const std::string& name, const char* driver, GDALDataType type, int width, int height,
                 const std::vector<double>& values, const std::vector<GDALColorEntry>& palette = {}) {
    GDALAllRegister();
    const int bands = int(values.size()) / (width * height);
    GDALDatasetH memory = GDALCreate(GDALGetDriverByName("MEM"), "", width, height, bands, type, nullptr);
    for (int band = 0; band < bands; ++band)
      EXPECT_EQ(GDALRasterIO(GDALGetRasterBand(memory, band + 1), GF_Write, 0, 0, width, height,
                             const_cast<double*>(&values[std::size_t(band * width * height)]), width, height,
                             GDT_Float64, 0, 0),
                CE_None);
    if (!palette.empty()) {
      GDALColorTableH table = GDALCreateColorTable(GPI_RGB);
      for (std::size_t i = 0; i < palette.size(); ++i) GDALSetColorEntry(table, int(i), &palette[i]);
      GDALSetRasterColorTable(GDALGetRasterBand(memory, 1), table);
      GDALDestroyColorTable(table);
    }
    const fs::path path = folder_ / name;
    GDALDatasetH written =
        GDALCreateCopy(GDALGetDriverByName(driver), path.c_str(), memory, FALSE, nullptr, nullptr, nullptr);
    EXPECT_NE(written, nullptr);
    GDALClose(written);
    GDALClose(memory);
    return path;
  }

  std::string problem(const fs::path& path, const ImageOptions& options = {}) {
    try {
      read_image(path, options);
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  }

  fs::path folder_ = fs::temp_directory_path() / ("fedorbit-images-" + std::to_string(getpid()));
};

/// Three bands of a smooth picture.
std::vector<double> gradient(int width, int height) {
  std::vector<double> values;
  for (int band = 0; band < 3; ++band)
    for (int y = 0; y < height; ++y)
      for (int x = 0; x < width; ++x) values.push_back(band == 0 ? 2 * x : band == 1 ? 3 * y : 100 + x - y);
  return values;
}

TEST_F(Images, PngAndTiffKeepEveryByteInRowOrder) {
  const std::vector<double> values = gradient(31, 17);
  for (const char* driver : {"PNG", "GTiff"}) {
    const Image image = read_image(write(std::string("a") + driver, driver, GDT_Byte, 31, 17, values));
    ASSERT_EQ(image.height, 17);
    ASSERT_EQ(image.width, 31);
    ASSERT_EQ(image.pixels.size(), 17u * 31 * 3);
    for (int band = 0; band < 3; ++band)
      for (int y = 0; y < 17; ++y)
        for (int x = 0; x < 31; ++x)
          ASSERT_EQ(image.pixels[(y * 31 + x) * 3 + band], values[(band * 17 + y) * 31 + x]) << driver;
  }
}

TEST_F(Images, AJpegIsCloseToWhatWasWritten) {
  const std::vector<double> values = gradient(40, 24);
  const Image image = read_image(write("a.jpg", "JPEG", GDT_Byte, 40, 24, values));
  ASSERT_EQ(image.pixels.size(), 40u * 24 * 3);
  double error = 0;
  for (int band = 0; band < 3; ++band)
    for (int i = 0; i < 40 * 24; ++i) error += std::abs(image.pixels[i * 3 + band] - values[band * 40 * 24 + i]);
  EXPECT_LT(error / image.pixels.size(), 6);
}

TEST_F(Images, AGreyImageIsRepeatedForAllChannels) {
  EXPECT_THAT(read_image(write("a.png", "PNG", GDT_Byte, 2, 1, {7, 200})).pixels, ElementsAre(7, 7, 7, 200, 200, 200));
}

TEST_F(Images, APaletteBecomesItsColours) {
  const fs::path path = write("a.png", "PNG", GDT_Byte, 2, 1, {1, 0}, {{10, 20, 30, 255}, {40, 50, 60, 255}});
  EXPECT_THAT(read_image(path).pixels, ElementsAre(40, 50, 60, 10, 20, 30));
}

TEST_F(Images, BandsAreChosenByNumber) {
  const fs::path path = write("a.tif", "GTiff", GDT_Byte, 1, 1, {1, 2, 3, 4, 5});
  EXPECT_THAT(read_image(path).pixels, ElementsAre(1, 2, 3));
  EXPECT_THAT(read_image(path, {{5, 3, 1}, {}}).pixels, ElementsAre(5, 3, 1));
  EXPECT_THAT(read_image(path, {{4}, {}}).pixels, ElementsAre(4, 4, 4));
  EXPECT_THAT(problem(path, {{1, 2, 6}, {}}), AllOf(HasSubstr("a.tif has no band 6"), HasSubstr("1 to 5")));
}

TEST_F(Images, SixteenBitsMapTheirWholeRangeUnlessARangeIsGiven) {
  const fs::path path = write("a.tif", "GTiff", GDT_UInt16, 3, 1, {0, 1000, 65535});
  EXPECT_THAT(read_image(path).pixels, ElementsAre(0, 0, 0, 4, 4, 4, 255, 255, 255));
  EXPECT_THAT(read_image(path, {{}, SampleRange{0, 2000}}).pixels, ElementsAre(0, 0, 0, 128, 128, 128, 255, 255, 255));
}

TEST_F(Images, FloatingPointSamplesNeedARangeAndHolesAreBlack) {
  const fs::path path = write("a.tif", "GTiff", GDT_Float32, 3, 1, {-1, NAN, 0.5});
  EXPECT_THAT(problem(path), AllOf(HasSubstr("a.tif holds samples of type Float32"), HasSubstr("low:high")));
  EXPECT_THAT(read_image(path, {{}, SampleRange{-1, 1}}).pixels, ElementsAre(0, 0, 0, 0, 0, 0, 191, 191, 191));
}

TEST_F(Images, ATwoBandImageWithoutAlphaAsksForBands) {
  EXPECT_THAT(problem(write("a.tif", "GTiff", GDT_Byte, 1, 1, {1, 2})), HasSubstr("two bands"));
}

TEST_F(Images, AFileCutShortIsAnErrorThatNamesIt) {
  const std::vector<double> values = gradient(64, 64);
  for (const auto& [name, driver] : {std::pair{"a.jpg", "JPEG"}, {"a.png", "PNG"}, {"a.tif", "GTiff"}}) {
    const fs::path path = write(name, driver, GDT_Byte, 64, 64, values);
    const std::string bytes = read_file(path);
    for (double share : {0.5, 0.9}) {
      write_file(path, bytes.substr(0, std::size_t(share * double(bytes.size()))));
      EXPECT_THAT(problem(path), AllOf(HasSubstr(name), testing::Not("no error"))) << share;
    }
  }
}

TEST_F(Images, WhatIsNoImageIsAnErrorThatNamesIt) {
  write_file(folder_ / "text.jpg", "this is no picture");
  write_file(folder_ / "empty.png", "");
  EXPECT_THAT(problem(folder_ / "text.jpg"), HasSubstr("text.jpg is not an image"));
  EXPECT_THAT(problem(folder_ / "empty.png"), HasSubstr("empty.png is empty"));
  EXPECT_THAT(problem(folder_ / "absent.png"), HasSubstr("absent.png"));
}

TEST_F(Images, APngThatIsWrittenReadsBack) {
  Image image{3, 2, {}};
  for (int i = 0; i < 18; ++i) image.pixels.push_back(std::uint8_t(13 * i));
  write_png(folder_ / "b.png", image);
  EXPECT_EQ(read_image(folder_ / "b.png").pixels, image.pixels);
  EXPECT_FALSE(fs::exists(part_path(folder_ / "b.png")));
}

TEST_F(Images, RealTiffsAndTheirJpegsShowTheSame) {
  const fs::path data = source_folder() / "../shared/data";
  if (!fs::exists(data / "ucmerced-tiff")) GTEST_SKIP() << "the original UC Merced files are not here";
  int compared = 0;
  for (const auto& entry : fs::recursive_directory_iterator(data / "ucmerced-tiff")) {
    if (entry.path().extension() != ".tif") continue;
    const Image tiff = read_image(entry.path());
    const fs::path copy = data / "ucmerced" / entry.path().parent_path().filename() / entry.path().stem();
    const Image jpeg = read_image(copy.string() + ".jpg");
    ASSERT_EQ(tiff.pixels.size(), jpeg.pixels.size()) << entry.path();
    double error = 0;
    for (std::size_t i = 0; i < tiff.pixels.size(); ++i) error += std::abs(int(tiff.pixels[i]) - int(jpeg.pixels[i]));
    EXPECT_LT(error / double(tiff.pixels.size()), 8) << entry.path();
    ++compared;
  }
  EXPECT_EQ(compared, 42);
}

}  // namespace
}  // namespace fedorbit
