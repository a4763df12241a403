#include "data/dataset_file.hpp"

#include <algorithm>

#include "core/error.hpp"
#include "io/file.hpp"

namespace fedorbit {
namespace {

constexpr std::int64_t chunk_bytes = 1 << 16;  // small enough that reading one image touches little else
constexpr std::size_t buffer_bytes = 64 * chunk_bytes;

}  // namespace

std::string DatasetContent::checksum() const {
  std::string all = text("fedorbit-data ", data_file::version, "\n");
  for (const std::string& name : domain_names) all += "domain " + name + "\n";
  for (std::size_t c = 0; c < class_names.size(); ++c) {
    all += "class " + class_names[c] + "\n";
    for (const std::string& word : synonyms[c]) all += "synonym " + word + "\n";
  }
  for (std::size_t i = 0; i < label.size(); ++i)
    all += text(domain[i], " ", label[i], " ", height[i], " ", width[i], " ", pixels_sha256[i], "\n");
  return sha256(all);
}

DatasetWriter::DatasetWriter(const std::filesystem::path& path, std::vector<std::string> class_names,
                             std::vector<std::vector<std::string>> synonyms, std::vector<std::string> domain_names,
                             const std::string& bands, const std::string& range, const std::string& size)
    : path_(path), file_(h5::File::create(part_path(path))) {
  content_.class_names = std::move(class_names);
  content_.domain_names = std::move(domain_names);
  content_.synonyms = std::move(synonyms);
  file_->set_attribute("filetype", data_file::filetype);
  file_->set_attribute("version", data_file::version);
  file_->set_attribute("bands", bands);
  file_->set_attribute("range", range);
  file_->set_attribute("size", size);
  file_->write_texts(data_file::class_name, content_.class_names);
  file_->write_texts(data_file::domain_name, content_.domain_names);
  std::vector<std::string> words;
  std::vector<std::int64_t> owners;
  for (std::size_t label = 0; label < content_.synonyms.size(); ++label)
    for (const std::string& word : content_.synonyms[label]) {
      words.push_back(word);
      owners.push_back(std::int64_t(label));
    }
  file_->write_texts(data_file::synonym, words);
  file_->write<std::int64_t>(data_file::synonym_class, {std::int64_t(owners.size())}, owners);
  pixels_ = file_->make<std::uint8_t>(data_file::pixels, {0}, {chunk_bytes, true});
  pixels_->set_attribute("content", "RGB bytes of all images: image i is (height, width, 3) from byte offset[i]");
}

DatasetWriter::~DatasetWriter() {
  if (!file_) return;
  pixels_.reset();
  file_.reset();
  std::error_code ignored;
  std::filesystem::remove(part_path(path_), ignored);
}

void DatasetWriter::add(const PackedImage& packed) {
  const Image& image = packed.image;
  offset_.push_back(bytes_);
  content_.height.push_back(image.height);
  content_.width.push_back(image.width);
  content_.label.push_back(packed.label);
  content_.domain.push_back(packed.domain);
  content_.pixels_sha256.push_back(packed.pixels_sha256);
  file_name_.push_back(packed.file_name);
  file_sha256_.push_back(packed.file_sha256);
  bytes_ += std::int64_t(image.pixels.size());
  waiting_.insert(waiting_.end(), image.pixels.begin(), image.pixels.end());
  if (waiting_.size() >= buffer_bytes) flush_pixels();
}

void DatasetWriter::skip(const std::string& file_name, const std::string& reason) {
  skipped_.push_back(file_name);
  reasons_.push_back(reason);
}

void DatasetWriter::flush_pixels() {
  if (!waiting_.empty()) pixels_->append<std::uint8_t>(waiting_);
  waiting_.clear();
}

std::string DatasetWriter::finish() {
  std::vector<std::int64_t> count(content_.class_names.size(), 0);
  for (std::int64_t label : content_.label) ++count[std::size_t(label)];
  for (std::size_t label = 0; label < count.size(); ++label)
    require(count[label] > 0, "the class \"", content_.class_names[label], "\" would have no image in ", path_.string(),
            ".");
  flush_pixels();
  const auto column = [&](const char* name, const std::vector<std::int64_t>& values, const char* units) {
    file_->write<std::int64_t>(name, {std::int64_t(values.size())}, values).set_units(units);
  };
  column(data_file::offset, offset_, "bytes");
  column(data_file::height, content_.height, "pixels");
  column(data_file::width, content_.width, "pixels");
  column(data_file::label, content_.label, "1");
  column(data_file::domain, content_.domain, "1");
  file_->write_texts(data_file::file_name, file_name_);
  file_->write_texts(data_file::file_sha256, file_sha256_);
  file_->write_texts(data_file::pixels_sha256, content_.pixels_sha256);
  file_->write_texts(data_file::skipped_file, skipped_);
  file_->write_texts(data_file::skipped_reason, reasons_);
  const std::string checksum = content_.checksum();
  file_->set_attribute("checksum", checksum);
  pixels_.reset();
  file_->close();
  publish(path_);
  file_.reset();
  return checksum;
}

}  // namespace fedorbit
