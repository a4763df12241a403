#include "io/images.hpp"

#include <cpl_error.h>
#include <cpl_vsi.h>
#include <gdal.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <memory>
#include <mutex>

#include "core/error.hpp"
#include "io/file.hpp"

namespace fedorbit {
namespace {

void register_drivers() {
  static std::once_flag once;
  std::call_once(once, GDALAllRegister);
}

/// What GDAL complained of on this thread while it lived. GDAL reports a JPEG that ends early as a warning and fills
/// the rest with grey, so a warning about the pixels counts as a failure; bytes between markers harm no pixel.
class Complaints {
 public:
  Complaints() { CPLPushErrorHandlerEx(&Complaints::hear, this); }
  ~Complaints() { CPLPopErrorHandler(); }
  Complaints(const Complaints&) = delete;
  Complaints& operator=(const Complaints&) = delete;
  const std::string& failure() const { return failure_; }
  /// Notes a failure that came without words.
  void note(CPLErr outcome) {
    if (outcome >= CE_Failure && failure_.empty()) failure_ = "GDAL gave no reason";
  }
  /// From now on warnings count, too.
  void heed_warnings() { heeding_ = true; }

 private:
  static void CPL_STDCALL hear(CPLErr severity, CPLErrorNum, const char* message) {
    auto& self = *static_cast<Complaints*>(CPLGetErrorHandlerUserData());
    const std::string words = message;
    const bool counts = severity >= CE_Failure ||
                        (severity == CE_Warning && self.heeding_ && words.find("extraneous bytes") == words.npos);
    if (counts && self.failure_.empty()) self.failure_ = words;
  }
  std::string failure_;
  bool heeding_ = false;
};

struct CloseDataset {
  void operator()(GDALDatasetH dataset) const { GDALClose(dataset); }
};
using DatasetHandle = std::unique_ptr<std::remove_pointer_t<GDALDatasetH>, CloseDataset>;

/// A name in GDAL's memory file system for as long as it lives.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view bytes) : name_(text("/vsimem/fedorbit/", next_++)) {
    VSILFILE* file = VSIFileFromMemBuffer(name_.c_str(), reinterpret_cast<GByte*>(const_cast<char*>(bytes.data())),
                                          bytes.size(), FALSE);
    require(file != nullptr, "GDAL's memory file system refused a file of ", bytes.size(), " bytes.");
    VSIFCloseL(file);
  }
  ~MemoryFile() { VSIUnlink(name_.c_str()); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  const char* name() const { return name_.c_str(); }

 private:
  static inline std::atomic<std::uint64_t> next_ = 0;
  std::string name_;
};

/// The three bands to read, checked against the file.
std::vector<int> chosen_bands(GDALDatasetH dataset, const std::string& name, const ImageOptions& options) {
  const int count = GDALGetRasterCount(dataset);
  std::vector<int> bands = options.bands;
  if (bands.empty()) {
    const bool grey_and_alpha =
        count == 2 && GDALGetRasterColorInterpretation(GDALGetRasterBand(dataset, 2)) == GCI_AlphaBand;
    require(count != 2 || grey_and_alpha, name, " has two bands: say which to use for red, green and blue.");
    bands = count >= 3 ? std::vector{1, 2, 3} : std::vector{1};
  }
  if (bands.size() == 1) bands.assign(3, bands[0]);
  require(bands.size() == 3, "three bands are needed for red, green and blue, or one for all three; ", bands.size(),
          " were given.");
  for (int band : bands)
    require(band >= 1 && band <= count, name, " has no band ", band, ": its bands are 1 to ", count, ".");
  return bands;
}

/// Samples of one type for the three bands, side by side: (height, width, 3).
template <class Sample>
std::vector<Sample> read_samples(GDALDatasetH dataset, std::vector<int> bands, GDALDataType type,
                                 Complaints& complaints) {
  const int width = GDALGetRasterXSize(dataset), height = GDALGetRasterYSize(dataset);
  std::vector<Sample> samples(std::size_t(width) * height * 3);
  complaints.note(GDALDatasetRasterIOEx(dataset, GF_Read, 0, 0, width, height, samples.data(), width, height, type, 3,
                                        bands.data(), 3 * sizeof(Sample), GSpacing(width) * 3 * sizeof(Sample),
                                        sizeof(Sample), nullptr));
  return samples;
}

/// Replaces palette indices by the palette's colours.
void apply_palette(GDALColorTableH palette, std::vector<std::uint8_t>& pixels) {
  const int entries = GDALGetColorEntryCount(palette);
  for (std::size_t i = 0; i < pixels.size(); i += 3) {
    const GDALColorEntry* entry = pixels[i] < entries ? GDALGetColorEntry(palette, pixels[i]) : nullptr;
    pixels[i] = entry ? std::uint8_t(entry->c1) : 0;
    pixels[i + 1] = entry ? std::uint8_t(entry->c2) : 0;
    pixels[i + 2] = entry ? std::uint8_t(entry->c3) : 0;
  }
}

std::uint8_t scaled(double sample, const SampleRange& range) {
  const double share = (sample - range.low) / (range.high - range.low);
  return share > 0 ? std::uint8_t(std::lround(255 * std::min(share, 1.0))) : 0;  // not a number becomes 0
}

}  // namespace

Image decode_image(std::string_view file, const std::string& name, const ImageOptions& options) {
  register_drivers();
  require(!file.empty(), name, " is empty.");
  if (options.range)
    require(options.range->low < options.range->high, "the range ", options.range->low, ":", options.range->high,
            " is empty: low must be below high.");
  const MemoryFile memory(file);
  Complaints complaints;
  static const char* const drivers[] = {"JPEG", "PNG", "GTiff", "BMP", "JP2OpenJPEG", nullptr};
  const DatasetHandle dataset(GDALOpenEx(memory.name(), GDAL_OF_RASTER | GDAL_OF_READONLY, drivers, nullptr, nullptr));
  require(dataset && GDALGetRasterCount(dataset.get()) > 0, name, " is not an image that can be read (",
          complaints.failure().empty() ? "neither JPEG, PNG nor TIFF" : complaints.failure(), ").");

  const std::vector<int> bands = chosen_bands(dataset.get(), name, options);
  const GDALRasterBandH first = GDALGetRasterBand(dataset.get(), bands[0]);
  const GDALDataType type = GDALGetRasterDataType(first);
  require(!GDALDataTypeIsComplex(type), name, " holds complex samples, which have no colour.");
  Image image{GDALGetRasterYSize(dataset.get()), GDALGetRasterXSize(dataset.get()), {}};
  complaints.heed_warnings();
  if (type == GDT_Byte && !options.range) {
    image.pixels = read_samples<std::uint8_t>(dataset.get(), bands, GDT_Byte, complaints);
    if (GDALColorTableH palette = GDALGetRasterColorTable(first); palette && bands[0] == bands[1])
      apply_palette(palette, image.pixels);
  } else {
    require(options.range || type == GDT_UInt16, name, " holds samples of type ", GDALGetDataTypeName(type),
            ": say which range low:high of values is to become 0 to 255.");
    const SampleRange range = options.range.value_or(SampleRange{0, 65535});
    const auto samples = read_samples<double>(dataset.get(), bands, GDT_Float64, complaints);
    image.pixels.resize(samples.size());
    std::transform(samples.begin(), samples.end(), image.pixels.begin(),
                   [&](double sample) { return scaled(sample, range); });
  }
  require(complaints.failure().empty(), name, " is damaged or cut short (", complaints.failure(), ").");
  return image;
}

Image read_image(const std::filesystem::path& path, const ImageOptions& options) {
  return decode_image(read_file(path), path.string(), options);
}

void write_png(const std::filesystem::path& path, const Image& image) {
  register_drivers();
  Complaints complaints;
  const std::string part = part_path(path).string();
  const int width = int(image.width), height = int(image.height);
  int bands[] = {1, 2, 3};
  {
    const DatasetHandle memory(GDALCreate(GDALGetDriverByName("MEM"), "", width, height, 3, GDT_Byte, nullptr));
    if (memory) {
      complaints.note(GDALDatasetRasterIOEx(memory.get(), GF_Write, 0, 0, width, height,
                                            const_cast<std::uint8_t*>(image.pixels.data()), width, height, GDT_Byte, 3,
                                            bands, 3, GSpacing(width) * 3, 1, nullptr));
      const DatasetHandle written(
          GDALCreateCopy(GDALGetDriverByName("PNG"), part.c_str(), memory.get(), FALSE, nullptr, nullptr, nullptr));
    }
  }
  require(complaints.failure().empty(), path.string(), " cannot be written (", complaints.failure(), ").");
  publish(path);
}

}  // namespace fedorbit
