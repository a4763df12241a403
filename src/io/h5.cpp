#include "io/h5.hpp"

#include <algorithm>
#include <utility>

#include "core/error.hpp"
#include "io/h5_bounds.hpp"

namespace fedorbit::h5 {
namespace {

constexpr unsigned creation_order = H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED;

// A reader beside a writer reads anew what fails its checksum, and waits before: 1 ns, then twice as long each time.
// HDF5's own 100 times would take it past the end of the world where the file is damaged; these attempts take 4 ms.
constexpr unsigned most_attempts = 22;

// HDF5 keeps up to 1 MiB of chunks for each dataset, which a file of a hundred columns fills as its run goes on.
constexpr std::size_t few_slots = 11, few_bytes = 16 << 10;

/// The newest format, which appending under readers needs.
/// At the program's end the library would write again into files whose closing has failed.
const herr_t no_work_at_exit = H5dont_atexit();

Handle access_properties(const Place& place, Access access) {
  Handle list = own(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, place, "make access properties");
  check(H5Pset_libver_bounds(list.id(), H5F_LIBVER_LATEST, H5F_LIBVER_LATEST), place, "choose the format");
  // What a full disk refuses is said by the write: a data set that a destructor closes says nothing.
  check(H5Pset_sieve_buf_size(list.id(), 0), place, "write at once");
  if (access == Access::read_swmr)
    check(H5Pset_metadata_read_attempts(list.id(), most_attempts), place, "bound the attempts");
  if (access == Access::append)
    check(H5Pset_cache(list.id(), 0, few_slots, few_bytes, 1), place, "bound the memory for chunks");
  return list;
}

std::string joined(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
  return list.empty() ? "nothing" : list;
}

}  // namespace

File File::open(const std::filesystem::path& path, Access access) {
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  const Place place{path.string(), ""};
  require(std::filesystem::exists(path), path.string(), " does not exist.");
  require(!std::filesystem::is_directory(path), path.string(), " is a folder, not an HDF5 file.");
  require_checksums(path);
  const Handle properties = access_properties(place, access);
  const unsigned flags = access == Access::read        ? H5F_ACC_RDONLY
                         : access == Access::read_swmr ? H5F_ACC_RDONLY | H5F_ACC_SWMR_READ
                                                       : H5F_ACC_RDWR;
  return {own(H5Fopen(path.c_str(), flags, properties.id()), H5Fclose, place, "open the file"), path,
          flags != H5F_ACC_RDWR};
}

File File::create(const std::filesystem::path& path, std::int64_t alignment) {
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  const Place place{path.string(), ""};
  const Handle access = access_properties(place, Access::modify);
  if (alignment > 1)
    check(H5Pset_alignment(access.id(), hsize_t(alignment), hsize_t(alignment)), place, "choose the alignment");
  const Handle creation = own(H5Pcreate(H5P_FILE_CREATE), H5Pclose, place, "make creation properties");
  check(H5Pset_link_creation_order(creation.id(), creation_order), place, "keep the order of names");
  check(H5Pset_obj_track_times(creation.id(), false), place, "leave times out");
  return {own(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, creation.id(), access.id()), H5Fclose, place, "create the file"),
          path, false};
}

bool File::has(const std::string& name) const {
  for (std::size_t slash = name.find('/', 1);; slash = name.find('/', slash + 1)) {
    const std::string part = name.substr(0, slash);
    if (part != "/") {
      if (H5Lexists(id(), part.c_str(), H5P_DEFAULT) <= 0) return false;
      require_own_object(id(), part.c_str(), unchanged_, {file(), part});
    }
    if (slash == std::string::npos) return true;
  }
}

bool File::is_group(const std::string& name) const {
  if (!has(name)) return false;
  const Place place{file(), name};
  const Handle object = own(H5Oopen(id(), name.c_str(), H5P_DEFAULT), H5Oclose, place, "open it");
  return H5Iget_type(object.id()) == H5I_GROUP;
}

std::vector<std::string> File::names(const std::string& group_name) const {
  const Group parent = group(group_name);
  const Handle properties = own(H5Gget_create_plist(parent.id()), H5Pclose, parent.place(), "list the group");
  unsigned order = 0;
  check(H5Pget_link_creation_order(properties.id(), &order), parent.place(), "list the group");
  const H5_index_t index = order & H5P_CRT_ORDER_INDEXED ? H5_INDEX_CRT_ORDER : H5_INDEX_NAME;
  // Asked for its own order, the library makes no table of the names, of which it frees what it never filled where one
  // cannot be read (1.10.8).
  std::vector<std::pair<std::int64_t, std::string>> found;
  const auto add = [](hid_t, const char* name, const H5L_info_t* link, void* list) -> herr_t {
    static_cast<decltype(found)*>(list)->emplace_back(link->corder_valid ? link->corder : 0, name);
    return 0;
  };
  check(H5Literate(parent.id(), index, H5_ITER_NATIVE, nullptr, add, &found), parent.place(), "list the group");
  std::sort(found.begin(), found.end());
  std::vector<std::string> names;
  for (auto& [place, name] : found) names.push_back(std::move(name));
  return names;
}

Group File::make_group(const std::string& name) {
  const Place place{file(), name};
  const Handle links = own(H5Pcreate(H5P_LINK_CREATE), H5Pclose, place, "make link properties");
  check(H5Pset_create_intermediate_group(links.id(), 1), place, "make parent groups");
  const Handle creation = own(H5Pcreate(H5P_GROUP_CREATE), H5Pclose, place, "make group properties");
  check(H5Pset_obj_track_times(creation.id(), false), place, "leave times out");
  check(H5Pset_link_creation_order(creation.id(), creation_order), place, "keep the order of names");
  return {
      own(H5Gcreate2(id(), name.c_str(), links.id(), creation.id(), H5P_DEFAULT), H5Gclose, place, "create the group"),
      place};
}

Group File::group(const std::string& name) const {
  const Place place{file(), name};
  require(has(name), file(), " has no group ", name, ".");
  return {own(H5Gopen2(id(), name.c_str(), H5P_DEFAULT), H5Gclose, place, "open it as a group"), place};
}

Dataset File::dataset(const std::string& name) const {
  const Place place{file(), name};
  if (!has(name)) {
    const std::string parent = name.substr(0, std::max<std::size_t>(name.rfind('/'), 1));
    const bool near = name.rfind('/') != std::string::npos && has(parent);
    fail(file(), " has no dataset ", name, ": ", near ? parent : "/", " holds ", joined(names(near ? parent : "/")),
         ".");
  }
  Dataset opened{own(H5Dopen2(id(), name.c_str(), H5P_DEFAULT), H5Dclose, place, "open it as a dataset"), place};
  require_plain_dataset(opened.id(), unchanged_, place);
  return opened;
}

Dataset File::make_typed(const std::string& name, hid_t file_type, const Shape& shape, Storage storage) {
  const Place place{file(), name};
  std::vector<hsize_t> sizes(shape.begin(), shape.end()), limits = sizes;
  if (storage.extendible && !limits.empty()) limits[0] = H5S_UNLIMITED;
  const Handle space = shape.empty() ? own(H5Screate(H5S_SCALAR), H5Sclose, place, "make a scalar")
                                     : own(H5Screate_simple(int(sizes.size()), sizes.data(), limits.data()), H5Sclose,
                                           place, "make the shape");
  const Handle creation = own(H5Pcreate(H5P_DATASET_CREATE), H5Pclose, place, "make dataset properties");
  check(H5Pset_obj_track_times(creation.id(), false), place, "leave times out");
  if (storage.mappable) {
    check(H5Pset_alloc_time(creation.id(), H5D_ALLOC_TIME_EARLY), place, "allocate it at once");
    check(H5Pset_fill_time(creation.id(), H5D_FILL_TIME_NEVER), place, "leave it unfilled");
  }
  if (storage.chunk_rows > 0 && !shape.empty()) {
    std::vector<hsize_t> chunk = sizes;
    chunk[0] = hsize_t(storage.chunk_rows);
    for (hsize_t& length : chunk) length = std::max<hsize_t>(length, 1);
    check(H5Pset_chunk(creation.id(), int(chunk.size()), chunk.data()), place, "choose chunks");
  }
  const Handle links = own(H5Pcreate(H5P_LINK_CREATE), H5Pclose, place, "make link properties");
  check(H5Pset_create_intermediate_group(links.id(), 1), place, "make parent groups");
  return {own(H5Dcreate2(id(), name.c_str(), file_type, space.id(), links.id(), creation.id(), H5P_DEFAULT), H5Dclose,
              place, "create the dataset"),
          place};
}

Dataset File::make_texts(const std::string& name, std::int64_t rows, std::size_t width, Storage storage) {
  const Handle type = text_type(width);
  return make_typed(name, type.id(), {rows}, storage);
}

Dataset File::write_texts(const std::string& name, std::span<const std::string> texts, Storage storage) {
  std::size_t width = 1;
  for (const std::string& text : texts) width = std::max(width, text.size());
  Dataset target = make_texts(name, std::int64_t(texts.size()), width, storage);
  target.write_texts(0, texts);
  return target;
}

void File::start_swmr() { check(H5Fstart_swmr_write(id()), place_, "let others read while writing"); }
void File::flush() { check(H5Fflush(id(), H5F_SCOPE_GLOBAL), place_, "write what is pending"); }
void File::close() { check(handle_.close(), place_, "write the end and close"); }

std::string library_version() {
  unsigned major = 0, minor = 0, release = 0;
  check(H5get_libversion(&major, &minor, &release), Place{"HDF5", ""}, "tell its version");
  return text(major, ".", minor, ".", release);
}

}  // namespace fedorbit::h5
