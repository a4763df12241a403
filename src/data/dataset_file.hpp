// The packed data set file: names of everything in it, and the writer. All images are one stream of bytes in /pixels,
// so each keeps its own size.
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "io/h5.hpp"
#include "io/images.hpp"

namespace fedorbit {

namespace data_file {
inline constexpr const char *filetype = "fedorbit-data", *pixels = "/pixels", *offset = "/offset", *height = "/height",
                            *width = "/width", *label = "/label", *domain = "/domain", *class_name = "/class_name",
                            *synonym = "/synonym", *synonym_class = "/synonym_class", *domain_name = "/domain_name",
                            *file_name = "/file_name", *file_sha256 = "/file_sha256", *skipped_file = "/skipped_file",
                            *skipped_reason = "/skipped_reason", *pixels_sha256 = "/pixels_sha256";
inline constexpr std::int64_t version = 1;
}  // namespace data_file

/// What the checksum of a data set is of.
struct DatasetContent {
  std::vector<std::string> class_names, domain_names;
  std::vector<std::vector<std::string>> synonyms;          // of each class
  std::vector<std::int64_t> label, domain, height, width;  // of each image
  std::vector<std::string> pixels_sha256;                  // of each image's bytes

  /// SHA-256 over all of it.
  std::string checksum() const;
};

/// One image on its way into the file.
struct PackedImage {
  Image image;
  std::int64_t label, domain;
  std::string file_name, file_sha256;
  std::string pixels_sha256;
};

/// Writes a data set under a temporary name, which is gone unless finish() renames it.
class DatasetWriter {
 public:
  /// `bands`, `range` and `size` say how samples became bytes; (C) names with synonyms, (D) domains.
  DatasetWriter(const std::filesystem::path& path, std::vector<std::string> class_names,
                std::vector<std::vector<std::string>> synonyms, std::vector<std::string> domain_names,
                const std::string& bands, const std::string& range, const std::string& size);
  ~DatasetWriter();
  void add(const PackedImage& image);
  /// Lists a file that was left out.
  void skip(const std::string& file_name, const std::string& reason);
  /// Throws for a class without images; returns the content's checksum: SHA-256 over names, labels, sizes and pixels.
  std::string finish();

 private:
  void flush_pixels();

  std::filesystem::path path_;
  DatasetContent content_;
  std::optional<h5::File> file_;
  std::optional<h5::Dataset> pixels_;
  std::vector<std::uint8_t> waiting_;  // pixels not yet in the file
  std::int64_t bytes_ = 0;
  std::vector<std::int64_t> offset_;
  std::vector<std::string> file_name_, file_sha256_, skipped_, reasons_;
};

}  // namespace fedorbit
