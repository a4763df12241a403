// Small HDF5 files of every kind that the program reads, and reading them in every way.
#pragma once
#include <cstddef>
#include <filesystem>
#include <map>
#include <span>
#include <string>

namespace fedorbit {

/// The bytes of a data set, features of images and of texts, a checkpoint and a results file, by name.
const std::map<std::string, std::string>& small_h5_files();

/// A name in memory that no other process uses.
std::filesystem::path scratch_file();

/// Hands the file to all readers, and reads every number that they promise. True where one of them took it.
bool read_h5_in_every_way(const std::filesystem::path& path);

/// A good file of one kind, changed as `input` says: datasets, groups, links and attributes of any type and shape put
/// in the place of others. Unlike changed bytes these changes pass the library's checksums.
void write_changed_h5(const std::filesystem::path& path, std::span<const std::byte> input);

}  // namespace fedorbit
