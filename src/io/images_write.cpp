#include "core/error.hpp"
#include "io/file.hpp"
#include "io/gdal.hpp"
#include "io/images.hpp"

namespace fedorbit {

void write_png(const std::filesystem::path& path, const Image& image) {
  gdal::register_drivers();
  gdal::Complaints complaints;
  const std::string part = part_path(path).string();
  const int width = int(image.width), height = int(image.height);
  int bands[] = {1, 2, 3};
  {
    const gdal::DatasetHandle memory(GDALCreate(GDALGetDriverByName("MEM"), "", width, height, 3, GDT_Byte, nullptr));
    if (memory) {
      complaints.note(GDALDatasetRasterIOEx(memory.get(), GF_Write, 0, 0, width, height,
                                            const_cast<std::uint8_t*>(image.pixels.data()), width, height, GDT_Byte, 3,
                                            bands, 3, GSpacing(width) * 3, 1, nullptr));
      const gdal::DatasetHandle written(
          GDALCreateCopy(GDALGetDriverByName("PNG"), part.c_str(), memory.get(), FALSE, nullptr, nullptr, nullptr));
    }
  }
  require(complaints.failure().empty(), path.string(), " cannot be written (", complaints.failure(), ").");
  publish(path);
}

}  // namespace fedorbit
