#include "io/images.hpp"

#include <gdal.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>

#include "core/error.hpp"
#include "io/file.hpp"
#include "io/image_formats.hpp"
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
                 const std::vector<double>& values, const std::vector<GDALColorEntry>& palette = {},
                 const std::vector<GDALColorInterp>& roles = {}, const char* option = nullptr) {
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
    for (std::size_t i = 0; i < roles.size(); ++i)
      GDALSetRasterColorInterpretation(GDALGetRasterBand(memory, int(i) + 1), roles[i]);
    const fs::path path = folder_ / name;
    const char* const options[] = {option, nullptr};
    GDALDatasetH written = GDALCreateCopy(GDALGetDriverByName(driver), path.c_str(), memory, FALSE,
                                          const_cast<char**>(options), nullptr, nullptr);
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
  EXPECT_THAT(read_image(path, {{5, 3, 1}, {}}).pixels, ElementsAre(5, 3, 1));
  EXPECT_THAT(read_image(path, {{4}, {}}).pixels, ElementsAre(4, 4, 4));
  EXPECT_THAT(problem(path, {{1, 2, 6}, {}}), AllOf(HasSubstr("a.tif has no band 6"), HasSubstr("1 to 5")));
}

TEST_F(Images, BandsWithoutRolesAreAskedForUnlessThereAreThree) {
  EXPECT_THAT(
      read_image(write("three.tif", "GTiff", GDT_Byte, 1, 1, {1, 2, 3}, {}, {}, "PHOTOMETRIC=MINISBLACK")).pixels,
      ElementsAre(1, 2, 3));
  EXPECT_THAT(problem(write("five.tif", "GTiff", GDT_Byte, 1, 1, {1, 2, 3, 4, 5})),
              AllOf(HasSubstr("five.tif holds 5 bands"), HasSubstr("does not say which bands"), HasSubstr("--bands")));
}

TEST_F(Images, BandsAreTakenByTheRolesThatTheFileGivesThem) {
  const fs::path path = write("a.tif", "GTiff", GDT_Byte, 1, 1, {10, 20, 200, 99}, {},
                              {GCI_BlueBand, GCI_GreenBand, GCI_RedBand, GCI_Undefined}, "PHOTOMETRIC=MINISBLACK");
  EXPECT_THAT(read_image(path).pixels, ElementsAre(200, 20, 10));
  const fs::path alpha = write("b.png", "PNG", GDT_Byte, 1, 1, {1, 2, 3, 4});
  EXPECT_THAT(read_image(alpha).pixels, ElementsAre(1, 2, 3));
}

TEST_F(Images, SamplesOfFewBitsAreScaledToTheFullRange) {
  const auto grey = [](std::initializer_list<int> values) {
    std::vector<int> pixels;
    for (const int value : values) pixels.insert(pixels.end(), 3, value);
    return testing::ElementsAreArray(pixels);
  };
  for (const char* driver : {"PNG", "GTiff"}) {
    const std::string name = driver;
    EXPECT_THAT(read_image(write("1" + name, driver, GDT_Byte, 2, 1, {0, 1}, {}, {}, "NBITS=1")).pixels,
                grey({0, 255}));
    EXPECT_THAT(read_image(write("2" + name, driver, GDT_Byte, 4, 1, {0, 1, 2, 3}, {}, {}, "NBITS=2")).pixels,
                grey({0, 85, 170, 255}));
    EXPECT_THAT(read_image(write("4" + name, driver, GDT_Byte, 3, 1, {0, 2, 15}, {}, {}, "NBITS=4")).pixels,
                grey({0, 34, 255}));
  }
  EXPECT_THAT(read_image(write("16.png", "PNG", GDT_UInt16, 3, 1, {0, 1000, 65535})).pixels, grey({0, 4, 255}));
  write_file(folder_ / "a.pgm", std::string("P5 # a comment\n2 1\n15\n") + '\1' + '\17');
  EXPECT_THAT(read_image(folder_ / "a.pgm").pixels, grey({17, 255}));
}

TEST_F(Images, ValuesOfSensorsNeedARange) {
  const fs::path path = write("a.tif", "GTiff", GDT_UInt16, 3, 1, {0, 1000, 3000});
  EXPECT_THAT(problem(path), AllOf(HasSubstr("a.tif holds 1 band of samples of type UInt16 with values from 0 to 3000"),
                                   HasSubstr("--range"), testing::Not(HasSubstr("--bands"))));
  EXPECT_THAT(read_image(path, {{}, SampleRange{0, 2000}}).pixels, ElementsAre(0, 0, 0, 128, 128, 128, 255, 255, 255));
  std::vector<double> many;
  for (int band = 1; band <= 13; ++band) many.push_back(100 * band);
  EXPECT_THAT(problem(write("many.tif", "GTiff", GDT_UInt16, 1, 1, many)),
              AllOf(HasSubstr("13 bands"), HasSubstr("from 100 to 1300"), HasSubstr("--bands"), HasSubstr("--range")));
}

/// Two rows of three: 1 2 3, 4 5 6.
TEST_F(Images, ATiffIsTurnedAsItSays) {
  const fs::path path = write("a.tif", "GTiff", GDT_Byte, 3, 2, {1, 2, 3, 4, 5, 6});
  // GDAL writes no orientation, so the tag of a text that it does write takes its place.
  const auto with = [&](int orientation) {
    std::string bytes = read_file(path);
    const std::size_t directory = static_cast<unsigned char>(bytes[4]);
    for (int i = 0; i < static_cast<unsigned char>(bytes[directory]); ++i) {
      const std::size_t entry = directory + 2 + 12 * std::size_t(i);
      if (static_cast<unsigned char>(bytes[entry]) + 256 * static_cast<unsigned char>(bytes[entry + 1]) != 284)
        continue;
      bytes[entry] = 274 % 256;  // the planar configuration, which one band does not need
      bytes[entry + 8] = char(orientation);
    }
    return decode_image(bytes, "turned");
  };
  const std::vector<std::pair<std::int64_t, std::vector<int>>> right = {
      {2, {1, 2, 3, 4, 5, 6}}, {2, {3, 2, 1, 6, 5, 4}}, {2, {6, 5, 4, 3, 2, 1}}, {2, {4, 5, 6, 1, 2, 3}},
      {3, {1, 4, 2, 5, 3, 6}}, {3, {4, 1, 5, 2, 6, 3}}, {3, {6, 3, 5, 2, 4, 1}}, {3, {3, 6, 2, 5, 1, 4}}};
  for (int orientation = 1; orientation <= 8; ++orientation) {
    const Image image = with(orientation);
    const auto& [height, values] = right[std::size_t(orientation - 1)];
    EXPECT_EQ(image.height, height) << orientation;
    std::vector<int> found;
    for (std::size_t i = 0; i < image.pixels.size(); i += 3) found.push_back(image.pixels[i]);
    EXPECT_EQ(found, values) << orientation;
  }
}

TEST_F(Images, AJpegWhoseScanEndsAtAnUnusedFrequencyIsWhole) {
  const fs::path path = write("a.jpg", "JPEG", GDT_Byte, 16, 16, gradient(16, 16));
  const Image good = read_image(path);
  std::string bytes = read_file(path);
  const std::size_t scan = bytes.find("\xff\xda");
  ASSERT_NE(scan, bytes.npos);
  ASSERT_EQ(bytes[scan + 12], 63);
  bytes[scan + 12] = 0;
  EXPECT_EQ(decode_image(bytes, "a").pixels, good.pixels);
}

TEST_F(Images, AHeaderThatPromisesTooMuchIsNamedWithItsSizeBeforeMemoryIsTaken) {
  const fs::path path = write("a.png", "PNG", GDT_Byte, 2, 1, {7, 200});
  std::string bytes = read_file(path);
  for (const std::size_t side : {16u, 20u}) bytes.replace(side, 4, std::string("\0\0\xea\x60", 4));
  // The header's CRC: of a 60,000 x 60,000 grey image of eight bits.
  std::uint32_t crc = 0xffffffff;
  for (std::size_t i = 12; i < 29; ++i) {
    crc ^= static_cast<unsigned char>(bytes[i]);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
  }
  for (std::size_t i = 0; i < 4; ++i) bytes[29 + i] = char(~crc >> (24 - 8 * i));
  write_file(path, bytes);
  EXPECT_THAT(problem(path), AllOf(HasSubstr("a.png"), HasSubstr("60000 x 60000")));
}

TEST_F(Images, OfAGifsFramesTheFirstIsRead) {
  // Two frames of one pixel: black, then white.
  const std::string frame("\x2c\0\0\0\0\1\0\1\0\0\2\2", 12), end("\1\0", 2);
  write_file(folder_ / "a.gif", std::string("GIF89a\1\0\1\0\x80\0\0\x10\x20\x30\xff\xff\xff", 19) + frame + "\x44" +
                                    end + frame + "\x4c" + end + ";");
  EXPECT_THAT(read_image(folder_ / "a.gif").pixels, ElementsAre(0x10, 0x20, 0x30));
}

TEST_F(Images, EveryKindThatIsListedIsRead) {
  const std::vector<double> values = gradient(8, 8);
  for (const auto& [name, driver] : {std::pair{"a.webp", "WEBP"},
                                     {"a.ppm", "PNM"},
                                     {"a.bmp", "BMP"},
                                     {"a.jp2", "JP2OpenJPEG"},
                                     {"a.jfif", "JPEG"}}) {
    EXPECT_TRUE(is_image_ending(ending_of(name)));
    EXPECT_EQ(read_image(write(name, driver, GDT_Byte, 8, 8, values)).pixels.size(), 8u * 8 * 3) << name;
  }
  EXPECT_TRUE(is_image_ending(ending_of("A.JPG")));
  EXPECT_FALSE(is_image_ending(ending_of("a.jp")));
  EXPECT_FALSE(is_image_ending(ending_of("a")));
}

TEST_F(Images, ContentThatWasNotFetchedIsNamedForWhatItIs) {
  write_file(folder_ / "a.jpg", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12345\n");
  write_file(folder_ / "b.jpg", "\n<!DOCTYPE html><html>not found</html>");
  EXPECT_THAT(problem(folder_ / "a.jpg"),
              AllOf(HasSubstr("a.jpg is only Git LFS's pointer"), HasSubstr("git lfs pull")));
  EXPECT_THAT(problem(folder_ / "b.jpg"), HasSubstr("b.jpg is a web page"));
}

TEST_F(Images, FloatingPointSamplesNeedARangeAndHolesAreBlack) {
  const fs::path path = write("a.tif", "GTiff", GDT_Float32, 3, 1, {-1, NAN, 0.5});
  EXPECT_THAT(problem(path), AllOf(HasSubstr("a.tif holds 1 band of samples of type Float32"), HasSubstr("low:high")));
  EXPECT_THAT(read_image(path, {{}, SampleRange{-1, 1}}).pixels, ElementsAre(0, 0, 0, 0, 0, 0, 191, 191, 191));
}

TEST_F(Images, ATwoBandImageWithoutAlphaAsksForBands) {
  EXPECT_THAT(problem(write("a.tif", "GTiff", GDT_Byte, 1, 1, {1, 2})), HasSubstr("2 bands"));
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
