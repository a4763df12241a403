// How the samples of one image file become red, green and blue bytes: which bands, which values, through a palette.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "io/gdal.hpp"
#include "io/images.hpp"

namespace fedorbit {

struct ImageReading {
  std::vector<int> bands;             // for red, green, blue, counted from 1
  SampleRange range{0, 255};          // of the values that become 0 to 255
  bool bytes = false;                 // samples are taken as they are
  GDALColorTableH palette = nullptr;  // of the one band, where it has one
};

/// What the options say and, where they say nothing, what the file does: bands by the roles that it gives them, values
/// by the depth of its samples. Throws a sentence where neither says which bands or which values are meant. `file` is
/// the content of `dataset`, `name` what errors call it.
ImageReading image_reading(GDALDatasetH dataset, std::string_view file, const std::string& name,
                           const ImageOptions& options);

}  // namespace fedorbit
