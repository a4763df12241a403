// What an HDF5 file is held to before anything in it is believed: checksums on its structures, nothing outside of it,
// and no more values than it has bytes.
#pragma once
#include <filesystem>

#include "io/h5_handle.hpp"

namespace fedorbit::h5 {

/// Throws unless `path` is an HDF5 file of a format in which every structure carries a checksum (superblock 2 or 3, as
/// this program and `h5repack --latest` write it): there the library finds damage, in the older one it trips over it.
void require_checksums(const std::filesystem::path& path);

/// Throws where the link `name` leads elsewhere (soft, external) and, in an unchanged `file`, where the object at its
/// end is of the older format.
void require_own_object(hid_t file, const char* name, bool unchanged, const Place& place);

/// Throws unless the dataset's values lie in the file itself as they are: no other files, no filters, no texts of
/// variable length (the library copies a text without asking how long it is). In an unchanged file its shape may
/// announce no more bytes than the file has.
void require_plain_dataset(hid_t dataset, bool unchanged, const Place& place);

/// Throws where an attribute is a text of variable length or larger than its file.
void require_plain_attribute(hid_t attribute, const Place& place);

}  // namespace fedorbit::h5
