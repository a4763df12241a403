#include "io/image_reading.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <limits>
#include <optional>

#include "core/error.hpp"

namespace fedorbit {
namespace {

void check_bands(const std::vector<int>& bands, int count, const std::string& name) {
  require(bands.size() == 3, "three bands are needed for red, green and blue, or one for all three; ", bands.size(),
          " were given.");
  for (int band : bands)
    require(band >= 1 && band <= count, name, " has no band ", band, ": its bands are 1 to ", count, ".");
}

/// Red, green and blue by the file's own roles; else its only band, or its only three; nothing where it has others. Of
/// a GIF's frames the first.
std::vector<int> bands_by_role(GDALDatasetH dataset) {
  if (GDALGetRasterColorInterpretation(GDALGetRasterBand(dataset, 1)) == GCI_PaletteIndex) return {1};
  std::vector<int> colours;
  std::array<int, 3> named{};
  for (int band = 1; band <= GDALGetRasterCount(dataset); ++band) {
    const GDALColorInterp role = GDALGetRasterColorInterpretation(GDALGetRasterBand(dataset, band));
    if (role == GCI_AlphaBand) continue;
    colours.push_back(band);
    for (const auto& [colour, place] : {std::pair{GCI_RedBand, 0}, {GCI_GreenBand, 1}, {GCI_BlueBand, 2}})
      if (role == colour && named[std::size_t(place)] == 0) named[std::size_t(place)] = band;
  }
  const auto missing = std::ranges::count(named, 0);
  if (missing == 0) return {named.begin(), named.end()};
  if (colours.size() == 1) colours.assign(3, colours[0]);
  return colours.size() == 3 && missing == 3 ? colours : std::vector<int>{};
}

/// The value that stands for white in a PGM or PPM, which its header says after width and height.
std::optional<double> white_of_pnm(std::string_view file) {
  std::size_t at = 2;
  for (int number = 0;; ++number) {
    while (at < file.size() && (std::isspace(static_cast<unsigned char>(file[at])) || file[at] == '#'))
      at = file[at] == '#' ? std::min(file.find('\n', at), file.size()) : at + 1;
    std::size_t end = at;
    while (end < file.size() && std::isdigit(static_cast<unsigned char>(file[end]))) ++end;
    if (end == at || end - at > 5) return std::nullopt;
    if (number == 2) return std::atoi(std::string(file.substr(at, end - at)).c_str());
    at = end;
  }
}

/// The value that the format defines as white. What sensors wrote into a TIFF or a JPEG 2000 of more than eight bits
/// has none.
std::optional<double> white(GDALDatasetH dataset, GDALRasterBandH band, std::string_view file) {
  const std::string_view driver = GDALGetDriverShortName(GDALGetDatasetDriver(dataset));
  const GDALDataType type = GDALGetRasterDataType(band);
  if (driver == "PNM") return white_of_pnm(file);
  if (type == GDT_UInt16 && driver == "PNG") return 65535;
  if (type != GDT_Byte) return std::nullopt;
  const char* bits = GDALGetMetadataItem(band, "NBITS", "IMAGE_STRUCTURE");
  return bits == nullptr ? 255 : (1 << std::clamp(std::atoi(bits), 1, 8)) - 1;
}

/// "values from 3 to 3000", of the bands that would be read.
std::string values_in(GDALDatasetH dataset, const std::vector<int>& bands) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const int band : bands) {
    std::array<double, 2> found{};
    if (GDALComputeRasterMinMax(GDALGetRasterBand(dataset, band), FALSE, found.data()) != CE_None) continue;
    low = std::min(low, found[0]);
    high = std::max(high, found[1]);
  }
  return low <= high ? text(" with values from ", low, " to ", high) : "";
}

std::vector<int> all_bands(int count) {
  std::vector<int> bands;
  for (int band = 1; band <= count; ++band) bands.push_back(band);
  return bands;
}

}  // namespace

ImageReading image_reading(GDALDatasetH dataset, std::string_view file, const std::string& name,
                           const ImageOptions& options) {
  const int count = GDALGetRasterCount(dataset);
  ImageReading reading;
  reading.bands = options.bands.empty() ? bands_by_role(dataset) : options.bands;
  if (reading.bands.size() == 1) reading.bands.assign(3, reading.bands[0]);
  const bool known = !reading.bands.empty();
  if (known) check_bands(reading.bands, count, name);
  const GDALRasterBandH first = GDALGetRasterBand(dataset, known ? reading.bands[0] : 1);
  const GDALDataType type = GDALGetRasterDataType(first);
  require(!GDALDataTypeIsComplex(type), name, " holds complex samples, which have no colour.");

  const bool one = known && reading.bands[0] == reading.bands[1];
  if (one && !options.range && type == GDT_Byte) reading.palette = GDALGetRasterColorTable(first);
  const std::optional<double> full = reading.palette ? 255 : white(dataset, first, file);
  if (!known || (!options.range && !full)) {
    const std::string bands = known ? "" : "which bands are red, green and blue (--bands 4,3,2, say)";
    const std::string range =
        options.range || full ? "" : "which values become 0 and 255 (--range low:high, 0:3000, say)";
    fail(name, " holds ", count, count == 1 ? " band" : " bands", " of samples of type ", GDALGetDataTypeName(type),
         range.empty() ? "" : values_in(dataset, known ? reading.bands : all_bands(count)), ", and does not say ",
         bands, bands.empty() || range.empty() ? "" : ", nor ", range, ": say it.");
  }
  reading.range = options.range.value_or(SampleRange{0, full.value_or(255)});
  reading.bytes = type == GDT_Byte && !options.range && full == 255;
  return reading;
}

}  // namespace fedorbit
