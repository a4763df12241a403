#include "io/gdal.hpp"

#include <cpl_vsi.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>

#include "core/error.hpp"

namespace fedorbit::gdal {
namespace {

/// Bytes between a JPEG's markers, a byte of a sequential scan's header that nobody reads, a version, a colour profile;
/// what follows the last row of a PNG.
constexpr std::array<std::string_view, 6> harmless{
    "extraneous bytes",      "Invalid SOS parameters for sequential JPEG",
    "unknown JFIF revision", "bad ICC marker",
    "Too much image data",   "Extra compressed data"};

}  // namespace

void register_drivers() {
  static std::once_flag once;
  std::call_once(once, GDALAllRegister);
}

Complaints::Complaints() { CPLPushErrorHandlerEx(&Complaints::hear, this); }
Complaints::~Complaints() { CPLPopErrorHandler(); }

void Complaints::note(CPLErr outcome) {
  if (outcome >= CE_Failure && failure_.empty()) failure_ = "GDAL gave no reason";
}

void CPL_STDCALL Complaints::hear(CPLErr severity, CPLErrorNum, const char* message) {
  auto& self = *static_cast<Complaints*>(CPLGetErrorHandlerUserData());
  const std::string_view words = message;
  const bool harms =
      std::ranges::none_of(harmless, [&](std::string_view known) { return words.find(known) != words.npos; });
  const bool counts = severity >= CE_Failure || (severity == CE_Warning && self.heeding_ && harms);
  if (counts && self.failure_.empty()) self.failure_ = words;
}

MemoryFile::MemoryFile(std::string_view bytes) {
  static std::atomic<std::uint64_t> next = 0;
  name_ = text("/vsimem/fedorbit/", next++);
  VSILFILE* file = VSIFileFromMemBuffer(name_.c_str(), reinterpret_cast<GByte*>(const_cast<char*>(bytes.data())),
                                        bytes.size(), FALSE);
  require(file != nullptr, "GDAL's memory file system refused a file of ", bytes.size(), " bytes.");
  VSIFCloseL(file);
}

MemoryFile::~MemoryFile() { VSIUnlink(name_.c_str()); }

}  // namespace fedorbit::gdal
