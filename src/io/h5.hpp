// An HDF5 file: opened, created, asked for its groups and datasets.
#pragma once
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "io/h5_dataset.hpp"

namespace fedorbit::h5 {

enum class Access {
  read,       // a finished file
  read_swmr,  // a file that another process may be appending to, or that a killed process left behind
  modify,     // read and write
  append,     // modify, with little memory for each dataset: rows are added to many of them, and not read again
};

/// Where a dataset's rows are kept. `chunk_rows` 0 keeps them in one piece; an extendible dataset needs chunks. A
/// `mappable` one is in one piece that has its place in the file from the start.
struct Storage {
  std::int64_t chunk_rows = 0;
  bool extendible = false;
  bool mappable = false;
};

class File : public Object {
 public:
  /// A missing file, one that is not HDF5, a truncated one: an error of one sentence. What is in the file is held to
  /// io/h5_bounds.hpp.
  static File open(const std::filesystem::path& path, Access access = Access::read);
  /// An empty file in the format that single-writer-multiple-readers access needs; an existing one is emptied. Datasets
  /// of that size or more begin at multiples of `alignment` bytes. The same content makes the same bytes: no times are
  /// kept.
  static File create(const std::filesystem::path& path, std::int64_t alignment = 1);

  /// Whether the group or dataset of that path ("/turns/loss") exists; a link to something elsewhere is an error.
  bool has(const std::string& name) const;
  bool is_group(const std::string& name) const;
  /// Names directly in a group, in the order of their creation.
  std::vector<std::string> names(const std::string& group = "/") const;

  Group make_group(const std::string& name);  // with its parents
  Group group(const std::string& name) const;
  Dataset dataset(const std::string& name) const;

  template <class T>
  Dataset make(const std::string& name, const Shape& shape, Storage storage = {}) {
    return make_typed(name, element_type<T>().file, shape, storage);
  }
  /// Texts of at most `width` bytes in one dimension.
  Dataset make_texts(const std::string& name, std::int64_t rows, std::size_t width, Storage storage = {});

  /// A whole array in one call.
  template <class T>
  Dataset write(const std::string& name, const Shape& shape, std::span<const T> values, Storage storage = {}) {
    Dataset target = make<T>(name, shape, storage);
    if (!values.empty()) target.write_rows(0, values);
    return target;
  }
  /// As long as the longest of them.
  Dataset write_texts(const std::string& name, std::span<const std::string> texts, Storage storage = {});
  template <class T>
  std::vector<T> read(const std::string& name) const {
    return dataset(name).read<T>();
  }
  std::vector<std::string> read_texts(const std::string& name) const { return dataset(name).read_texts(); }

  /// From here on only rows may be appended and values written: no new group, dataset or attribute. All Datasets and
  /// Groups of this file must have been closed before.
  void start_swmr();
  void flush();
  /// Writes what is pending and closes; the destructor does so too, but cannot tell of a failure.
  void close();

  Dataset make_typed(const std::string& name, hid_t file_type, const Shape& shape, Storage storage);

 private:
  File(Handle handle, const std::filesystem::path& path, bool unchanged)
      : Object(std::move(handle), {path.string(), "/"}), unchanged_(unchanged) {}

  bool unchanged_;  // opened to be read: all of it is on the disk
};

/// The version of the HDF5 library, as "1.10.8".
std::string library_version();

}  // namespace fedorbit::h5
