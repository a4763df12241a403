// Writing a feature file piece by piece: what is in the file when the program is killed need not be computed again.
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "data/features.hpp"
#include "io/file_lock.hpp"

namespace fedorbit {

/// The sizes of a feature file.
struct FeatureShape {
  std::int64_t count = 0, width = 0;  // N, d
  std::int64_t patches = 0;           // M; 0: none are kept
  std::int64_t views = 0;             // V augmented views beside the plain one
  bool half = false;                  // float16 instead of float32
};

/// The file grows as path + ".part": all of it is laid out first and its numbers are written in place, each row with
/// its checksum, so that a kill spoils nothing. Rows are counted view by view: row v * N + i is image i in view v, view
/// 0 the plain one.
class FeatureWriter {
 public:
  /// Goes on with a part that was begun for the same features, else begins anew. `about` gives origin, labels, names
  /// and texts. Without a lock it takes one, and throws where another process is at work on the same file.
  FeatureWriter(const std::filesystem::path& path, const FeatureShape& shape, const FeatureSet& about,
                std::optional<FileLock> lock = std::nullopt);
  FeatureWriter(const FeatureWriter&) = delete;
  FeatureWriter& operator=(const FeatureWriter&) = delete;
  ~FeatureWriter();

  std::int64_t rows() const { return (1 + shape_.views) * shape_.count; }
  /// How many rows the file holds already.
  std::int64_t done() const { return done_; }
  /// The next rows: features (n, d) and, if they are kept, patches (n, M, d); float32 on the CPU.
  void append(const Tensor& features, const Tensor& patches);
  /// Everything appended so far survives a loss of power.
  void keep();
  /// Renames the finished file.
  void finish();

 private:
  void create(const FeatureSet& about);
  bool go_on(const FeatureSet& about);
  void locate();
  void write(const Tensor& rows, std::int64_t plain, std::int64_t views);

  std::filesystem::path path_;
  FeatureShape shape_;
  std::int64_t done_ = 0;
  std::optional<FileLock> lock_;
  int file_ = -1;
  std::int64_t features_at_ = 0, patches_at_ = 0, view_features_at_ = 0, view_patches_at_ = 0, row_sha256_at_ = 0,
               done_at_ = 0;  // bytes
};

}  // namespace fedorbit
