// Holding on to GDAL: its drivers, its complaints, its handles. For the sources that read and write images.
#pragma once
#include <cpl_error.h>
#include <gdal.h>

#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

namespace fedorbit::gdal {

void register_drivers();

/// What GDAL complained of on this thread while it lived. GDAL reports a JPEG that ends early as a warning and fills
/// the rest with grey, so a warning about the pixels counts as a failure, unless it is one that harms no pixel.
class Complaints {
 public:
  Complaints();
  ~Complaints();
  Complaints(const Complaints&) = delete;
  Complaints& operator=(const Complaints&) = delete;
  const std::string& failure() const { return failure_; }
  /// Notes a failure that came without words.
  void note(CPLErr outcome);
  /// From now on warnings count, too.
  void heed_warnings() { heeding_ = true; }

 private:
  static void CPL_STDCALL hear(CPLErr severity, CPLErrorNum number, const char* message);
  std::string failure_;
  bool heeding_ = false;
};

struct CloseDataset {
  void operator()(GDALDatasetH dataset) const { GDALClose(dataset); }
};
using DatasetHandle = std::unique_ptr<std::remove_pointer_t<GDALDatasetH>, CloseDataset>;

/// A name in GDAL's memory file system for as long as it lives; the bytes must live as long.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view bytes);
  ~MemoryFile();
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  const char* name() const { return name_.c_str(); }

 private:
  std::string name_;
};

}  // namespace fedorbit::gdal
