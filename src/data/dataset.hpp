// A labelled set of images: a packed file whose pixels are read when asked for, or synthetic scenes drawn when asked
// for.
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/tensor.hpp"
#include "data/synthetic.hpp"

namespace fedorbit {

class Dataset {
 public:
  /// A file made by `fedorbit prepare`. Throws for a file that is none, is truncated, lacks a dataset, or contradicts
  /// itself (labels out of range, a class without images, pixels missing, another checksum), naming file and dataset.
  static Dataset open(const std::filesystem::path& path);
  /// Scenes drawn on demand; the checksum is of the options.
  static Dataset synthetic(const SyntheticOptions& options);

  std::int64_t size() const { return labels_.numel(); }
  std::int64_t classes() const { return std::int64_t(class_names_.size()); }
  const std::vector<std::string>& class_names() const { return class_names_; }
  /// Other words for each class, without its name; may be empty.
  const std::vector<std::vector<std::string>>& synonyms() const { return synonyms_; }
  const std::vector<std::string>& domain_names() const { return domain_names_; }
  const Tensor& labels() const { return labels_; }    // (N) int64
  const Tensor& domains() const { return domains_; }  // (N) int64
  /// SHA-256 of names, labels, sizes and pixels (of the options, for scenes drawn on demand).
  const std::string& checksum() const { return checksum_; }
  /// Image i as uint8 (H, W, 3), RGB. Several threads at a time where h5::threads_allowed(). Throws where a file's
  /// pixels do not fit their checksum.
  Tensor image(std::int64_t i) const;
  /// Of all images.
  double image_bytes() const { return pixels_->bytes(); }

  /// Where pixels come from.
  class Pixels {
   public:
    virtual ~Pixels() = default;
    virtual Tensor image(std::int64_t i) const = 0;
    virtual double bytes() const = 0;
  };

 private:
  std::vector<std::string> class_names_, domain_names_;
  std::vector<std::vector<std::string>> synonyms_;
  Tensor labels_, domains_;
  std::string checksum_;
  std::shared_ptr<const Pixels> pixels_;
};

}  // namespace fedorbit
