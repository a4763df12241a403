#include "io/h5_handle.hpp"

#include <filesystem>

#include "core/error.hpp"

namespace fedorbit::h5 {
namespace {

/// Keeps the description of the innermost entry of HDF5's error stack.
herr_t innermost(unsigned depth, const H5E_error2_t* entry, void* description) {
  if (depth == 0 && entry->desc) *static_cast<std::string*>(description) = entry->desc;
  return 0;
}

/// HDF5's cause; where HDF5 quotes the operating system, between file names and descriptors, only that.
std::string cause() {
  std::string description;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, innermost, &description);
  if (description.empty()) return "no reason given";
  const std::string mark = "error message = '";
  const std::size_t start = description.find(mark);
  if (start == std::string::npos) return description;
  const std::size_t first = start + mark.size();
  return description.substr(0, description.find_first_of(":,")) + ": " +
         description.substr(first, description.find('\'', first) - first);
}

}  // namespace

bool threads_allowed() {
  hbool_t allowed = false;
  return H5is_library_threadsafe(&allowed) >= 0 && allowed;
}

void fail_call(const Place& place, const char* action, const std::source_location& where) {
  fail(place.file, place.name.empty() ? "" : " ", place.name, ": HDF5 could not ", action, ": ", cause(), " (",
       std::filesystem::path(where.file_name()).filename().string(), ":", where.line(), ").");
}

}  // namespace fedorbit::h5
