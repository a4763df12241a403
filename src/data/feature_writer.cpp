#include "data/feature_writer.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "core/error.hpp"
#include "data/feature_checksums.hpp"
#include "data/feature_layout.hpp"
#include "io/file.hpp"
#include "io/h5_tensor.hpp"

namespace fedorbit {
namespace {

void write_at(int file, const std::filesystem::path& path, const void* bytes, std::int64_t count, std::int64_t place) {
  for (auto* next = static_cast<const char*>(bytes); count > 0;) {
    const ssize_t written = ::pwrite(file, next, std::size_t(count), place);
    if (written < 0 && errno == EINTR) continue;
    require(written >= 0, path.string(), " cannot be written: ", std::generic_category().message(errno), ".");
    next += written, place += written, count -= written;
  }
}

}  // namespace

FeatureWriter::FeatureWriter(const std::filesystem::path& path, const FeatureShape& shape, const FeatureSet& about,
                             std::optional<FileLock> lock)
    : path_(path), shape_(shape), lock_(std::move(lock)) {
  if (!lock_) {
    std::optional<FileLock> taken = FileLock::take(path);
    require(taken.has_value(), path.string(),
            " is being written by another process; wait for it to end, or name another file.");
    lock_.emplace(std::move(*taken));
  }
  if (!go_on(about)) create(about);
  locate();
}

FeatureWriter::~FeatureWriter() {
  if (file_ >= 0) ::close(file_);
}

bool FeatureWriter::go_on(const FeatureSet& about) {
  const std::filesystem::path part = part_path(path_);
  if (!std::filesystem::exists(part)) return false;
  // A part that cannot be read was killed while it was laid out; one of other features is of no use.
  try {
    const h5::File file = h5::File::open(part);
    const auto is = [&](const char* attribute, const std::string& wanted) {
      return file.text_attribute(attribute) == wanted;
    };
    const auto type = file.dataset(feature_file::features);
    const std::int64_t bytes = std::int64_t(std::filesystem::file_size(part));
    if (!is("filetype", feature_file::filetype) || file.integer_attribute("version") != feature_file::version ||
        !is("data_sha256", about.origin.data) || !is("weights_sha256", about.origin.weights) ||
        !is("preprocessing", about.origin.preprocessing) || !is("arithmetic", about.origin.arithmetic) ||
        (file.has_attribute("views") ? file.text_attribute("views") : "") != about.origin.views || about.imported ||
        type.shape() != h5::Shape{shape_.count, shape_.width} || file.integer_attribute("half") != shape_.half ||
        file.has(feature_file::patches) != (shape_.patches > 0) ||
        file.has(feature_file::view_features) != (shape_.views > 0) ||
        (shape_.views > 0 && file.dataset(feature_file::view_features).rows() != shape_.views) ||
        type.offset() + shape_.count * shape_.width * (shape_.half ? 2 : 4) > bytes)
      return false;
    done_ = file.read<std::int64_t>(feature_file::done).at(0);
    if (done_ < 0 || done_ > rows()) return false;
    // What the disk lost of them is computed again.
    const auto table = [&](const char* name, bool there) { return there ? h5::map_tensor(file, name) : Tensor(); };
    const Features of{table(feature_file::features, true), table(feature_file::patches, shape_.patches > 0),
                      table(feature_file::view_features, shape_.views > 0),
                      table(feature_file::view_patches, shape_.views > 0 && shape_.patches > 0)};
    done_ = first_damaged_row(of, table(feature_file::row_sha256, true), 0, done_);
    return file.text_attribute("sha256") == checksum_of_rest(about);
  } catch (const Error&) {
    return false;
  }
}

void FeatureWriter::create(const FeatureSet& about) {
  done_ = 0;
  h5::File file = h5::File::create(part_path(path_), feature_page);
  file.set_attribute("half", std::int64_t(shape_.half));
  lay_out_features(file, shape_, about);
  file.close();
  flush_to_disk(part_path(path_));
}

void FeatureWriter::locate() {
  {
    const h5::File file = h5::File::open(part_path(path_));
    const auto place = [&](const char* name, bool there) { return there ? file.dataset(name).offset() : 0; };
    features_at_ = place(feature_file::features, true);
    patches_at_ = place(feature_file::patches, shape_.patches > 0);
    view_features_at_ = place(feature_file::view_features, shape_.views > 0);
    view_patches_at_ = place(feature_file::view_patches, shape_.views > 0 && shape_.patches > 0);
    row_sha256_at_ = place(feature_file::row_sha256, true);
    done_at_ = place(feature_file::done, true);
  }
  file_ = ::open(part_path(path_).c_str(), O_RDWR | O_CLOEXEC);
  require(file_ >= 0, path_.string(), " cannot be written: ", std::generic_category().message(errno), ".");
}

void FeatureWriter::write(const Tensor& rows, std::int64_t plain, std::int64_t views) {
  const std::int64_t row_bytes = std::int64_t(rows.nbytes()) / rows.size(0), count = rows.size(0);
  const auto* bytes = static_cast<const char*>(rows.const_data_ptr());
  const std::int64_t in_plain = std::clamp<std::int64_t>(shape_.count - done_, 0, count);
  write_at(file_, path_, bytes, in_plain * row_bytes, plain + done_ * row_bytes);
  write_at(file_, path_, bytes + in_plain * row_bytes, (count - in_plain) * row_bytes,
           views + (done_ + in_plain - shape_.count) * row_bytes);
}

void FeatureWriter::append(const Tensor& features, const Tensor& patches) {
  require(done_ + features.size(0) <= rows(), path_.string(), " was given more rows than it has.");
  const auto stored = [&](const Tensor& values) {
    return values.to(shape_.half ? at::kHalf : at::kFloat).contiguous();
  };
  Features of{stored(features), shape_.patches > 0 ? stored(patches) : Tensor()};
  if (features.size(0) == 0) return;
  write(of.features, features_at_, view_features_at_);
  if (shape_.patches > 0) write(of.patches, patches_at_, view_patches_at_);
  std::string sums;
  for (std::int64_t row = 0; row < features.size(0); ++row) sums += row_checksum(of, row);
  write_at(file_, path_, sums.data(), std::int64_t(sums.size()), row_sha256_at_ + done_ * row_checksum_bytes);
  done_ += features.size(0);
}

void FeatureWriter::keep() {
  const auto on_disk = [&] {
    require(::fdatasync(file_) == 0, path_.string(), " cannot be written: ", std::generic_category().message(errno),
            ".");
  };
  on_disk();  // rows first, then how many there are: a node that loses power in between has computed some in vain
  write_at(file_, path_, &done_, sizeof done_, done_at_);
  on_disk();
}

void FeatureWriter::finish() {
  require(done_ == rows(), path_.string(), " has ", done_, " of ", rows(), " rows.");
  keep();
  publish(path_);
}

}  // namespace fedorbit
