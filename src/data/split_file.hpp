// A split as a text that others can read and write: who owns which image, and what for.
//
//   # FedOrbit split
//   # data_sha256 = 0c5d...
//   # images = 2520
//   image,client,split
//   0,3,train
//   1,-1,test
//
// Comments come first; what they say of the data is checked where they say it. `image` counts from 0 in the order of
// the data set; `client` is -1 for images that nobody owns; `split` is train, validation, test, unseen, or public for
// the server's, which nobody owns. Images that are not listed are not used. Columns may stand in any order, and others
// beside them.
#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "data/partition.hpp"

namespace fedorbit {

/// The images of a partition without overlaps, in ascending order.
std::string split_text(const Partition& partition, const Labelled& data);

/// Throws, naming file and line, for what is no such text, is of other data, or names an image twice; where a client
/// that trains has no training image; and where unseen clients are not numbered after all others.
std::unique_ptr<Partition> read_split(const std::filesystem::path& file, const Labelled& data);
/// The same of a text; `source` names it in errors.
std::unique_ptr<Partition> parse_split(std::string_view words, const std::string& source, const Labelled& data);

}  // namespace fedorbit
