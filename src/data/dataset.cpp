#include "data/dataset.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <cstring>

#include "core/error.hpp"
#include "core/options.hpp"
#include "data/dataset_file.hpp"
#include "io/file.hpp"

namespace fedorbit {
namespace {

Tensor column(const std::vector<std::int64_t>& values) { return at::tensor(values, at::kLong); }

/// Pixels of a file, read image by image: the system's page cache is shared by all ranks of a node. Each image is held
/// to its checksum when it is read, which costs a tenth of what reading it does.
class FilePixels final : public Dataset::Pixels {
 public:
  FilePixels(h5::File file, std::int64_t images)
      : file_(std::move(file)),
        pixels_(file_.dataset(data_file::pixels)),
        offset_(rows(data_file::offset, images)),
        height_(rows(data_file::height, images)),
        width_(rows(data_file::width, images)) {
    const std::int64_t bytes = pixels_.rows();
    require(pixels_.shape().size() == 1, file_.file(), ": ", data_file::pixels,
            " has more than one axis, where a single row of bytes is expected.");
    for (std::int64_t i = 0; i < images; ++i) {
      const std::int64_t height = height_[i], width = width_[i];
      require(height > 0 && width > 0 && height < 1 << 20 && width < 1 << 20, file_.file(), ": image ", i, " would be ",
              height, " by ", width, " pixels.");
      require(offset_[i] >= 0 && offset_[i] <= bytes - height * width * 3, file_.file(), ": image ", i,
              " lies beyond the ", bytes, " bytes of ", data_file::pixels, ".");
      image_bytes_ += double(height * width * 3);
    }
    if (file_.has(data_file::pixels_sha256)) {
      sha256_ = file_.read_texts(data_file::pixels_sha256);
      require(std::int64_t(sha256_.size()) == images, file_.file(), ": ", data_file::pixels_sha256, " has ",
              sha256_.size(), " rows where ", data_file::label, " has ", images, ".");
    } else {  // made before images had checksums of their own: all of them are read for the file's
      for (std::int64_t i = 0; i < images; ++i) sha256_.push_back(checksum_of(read(i)));
    }
  }
  Tensor image(std::int64_t i) const override {
    Tensor pixels = read(i);
    require(checksum_of(pixels) == sha256_[std::size_t(i)], file_.file(), ": the pixels of image ", i,
            " do not fit their checksum: the file is damaged; prepare it anew.");
    return pixels;
  }
  double bytes() const override { return image_bytes_; }
  const std::vector<std::int64_t>& heights() const { return height_; }
  const std::vector<std::int64_t>& widths() const { return width_; }
  const std::vector<std::string>& checksums() const { return sha256_; }

 private:
  static std::string checksum_of(const Tensor& pixels) {
    return sha256({static_cast<const char*>(pixels.const_data_ptr()), pixels.nbytes()});
  }
  Tensor read(std::int64_t i) const {
    const std::int64_t height = height_[i], width = width_[i];
    Tensor pixels = at::empty({height, width, 3}, at::kByte);
    pixels_.transfer_in(h5::element_type<std::uint8_t>().memory, offset_[i], height * width * 3, pixels.data_ptr());
    return pixels;
  }
  std::vector<std::int64_t> rows(const char* name, std::int64_t images) const {
    auto values = file_.read<std::int64_t>(name);
    require(std::int64_t(values.size()) == images, file_.file(), ": ", name, " has ", values.size(), " rows where ",
            data_file::label, " has ", images, ".");
    return values;
  }
  h5::File file_;
  h5::Dataset pixels_;
  double image_bytes_ = 0;
  std::vector<std::int64_t> offset_, height_, width_;
  std::vector<std::string> sha256_;  // of each image's bytes
};

class ScenePixels final : public Dataset::Pixels {
 public:
  ScenePixels(SceneGenerator scenes, std::int64_t side)
      : scenes_(std::move(scenes)), bytes_(3 * double(side) * double(side) * double(scenes_.size())) {}
  Tensor image(std::int64_t i) const override {
    const Scene scene = scenes_.draw(i);
    Tensor pixels = at::empty({scene.size, scene.size, 3}, at::kByte);
    std::memcpy(pixels.data_ptr(), scene.pixels.data(), scene.pixels.size());
    return pixels;
  }
  double bytes() const override { return bytes_; }

 private:
  SceneGenerator scenes_;
  double bytes_;
};

/// Throws unless every value is a place among `count`, and every place is taken if `all` is asked for.
void check_places(const std::string& file, const char* name, const std::vector<std::int64_t>& values,
                  const std::vector<std::string>& names, bool all) {
  const std::int64_t count = std::int64_t(names.size());
  std::vector<bool> taken(names.size(), false);
  for (std::size_t i = 0; i < values.size(); ++i) {
    require(values[i] >= 0 && values[i] < count, file, ": ", name, " of image ", i, " is ", values[i],
            ", outside 0 to ", count - 1, ".");
    taken[std::size_t(values[i])] = true;
  }
  for (std::size_t place = 0; all && place < names.size(); ++place)
    require(taken[place], file, ": the class \"", names[place], "\" has no image in ", name, ".");
}

}  // namespace

Dataset Dataset::open(const std::filesystem::path& path) {
  h5::File file = h5::File::open(path);
  const std::string& name = file.file();
  require(file.has_attribute("filetype") && file.text_attribute("filetype") == data_file::filetype, name,
          " is no data set of this program: make one with \"fedorbit prepare\".");
  const std::int64_t version = file.integer_attribute("version");
  require(version == data_file::version, name, " is a data set of version ", version, "; this program reads version ",
          data_file::version, ".");
  Dataset data;
  data.checksum_ = file.text_attribute("checksum");
  data.class_names_ = file.read_texts(data_file::class_name);
  data.domain_names_ = file.read_texts(data_file::domain_name);
  const auto labels = file.read<std::int64_t>(data_file::label), domains = file.read<std::int64_t>(data_file::domain);
  require(!labels.empty(), name, " holds no images.");
  require(domains.size() == labels.size(), name, ": ", data_file::domain, " has ", domains.size(), " rows where ",
          data_file::label, " has ", labels.size(), ".");
  check_places(name, data_file::label, labels, data.class_names_, true);
  check_places(name, data_file::domain, domains, data.domain_names_, false);
  const auto words = file.read_texts(data_file::synonym);
  const auto owners = file.read<std::int64_t>(data_file::synonym_class);
  require(words.size() == owners.size(), name, ": ", data_file::synonym_class, " has ", owners.size(), " rows where ",
          data_file::synonym, " has ", words.size(), ".");
  check_places(name, data_file::synonym_class, owners, data.class_names_, false);
  data.synonyms_.resize(data.class_names_.size());
  for (std::size_t i = 0; i < words.size(); ++i) data.synonyms_[std::size_t(owners[i])].push_back(words[i]);
  data.labels_ = column(labels);
  data.domains_ = column(domains);
  const auto pixels = std::make_shared<FilePixels>(std::move(file), std::int64_t(labels.size()));
  const DatasetContent content{data.class_names_, data.domain_names_, data.synonyms_,   labels,
                               domains,           pixels->heights(),  pixels->widths(), pixels->checksums()};
  require(content.checksum() == data.checksum_, path.string(),
          " is damaged: its names, labels, sizes and pixels do not fit its checksum; prepare it anew.");
  data.pixels_ = pixels;
  return data;
}

Dataset Dataset::synthetic(const SyntheticOptions& options) {
  SceneGenerator scenes(options);
  Dataset data;
  data.class_names_ = scenes.class_names();
  data.synonyms_ = scenes.synonyms();
  data.domain_names_ = scenes.domain_names();
  std::vector<std::int64_t> labels, domains;
  for (std::int64_t i = 0; i < scenes.size(); ++i) {
    labels.push_back(scenes.label(i));
    domains.push_back(scenes.domain(i));
  }
  data.labels_ = column(labels);
  data.domains_ = column(domains);
  SyntheticOptions listed = options;
  data.checksum_ = sha256("synthetic scenes 1\n" + OptionList::of(listed).toml());
  data.pixels_ = std::make_shared<ScenePixels>(std::move(scenes), options.size);
  return data;
}

Tensor Dataset::image(std::int64_t i) const {
  require(i >= 0 && i < size(), "there is no image ", i, ": the data set has ", size(), ".");
  return pixels_->image(i);
}

}  // namespace fedorbit
