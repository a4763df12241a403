#include "data/dataset_prepare.hpp"

#include <ATen/ops/from_blob.h>

#include <algorithm>

#include "core/error.hpp"
#include "data/dataset_file.hpp"
#include "data/dataset_in_order.hpp"
#include "data/printable.hpp"
#include "data/transform.hpp"
#include "io/file.hpp"

namespace fedorbit {
namespace {

std::string pixels_sha256(const Image& image) {
  return sha256({reinterpret_cast<const char*>(image.pixels.data()), image.pixels.size()});
}

std::string described(const std::vector<int>& bands) {
  if (bands.empty()) return "as the files name them";
  std::string list;
  for (int band : bands) list += text(list.empty() ? "" : ",", band);
  return list;
}

/// Reduced until its shorter side has `side` pixels, its shape kept: what CLIP's preprocessing does first.
Image reduced(Image image, std::int64_t side) {
  const std::int64_t shorter = std::min(image.height, image.width);
  if (side == 0 || shorter <= side) return image;
  const auto scaled = [&](std::int64_t length) { return side * length / shorter; };
  const Tensor pixels = at::from_blob(image.pixels.data(), {image.height, image.width, 3}, at::kByte);
  const Tensor out = resize_bicubic(pixels.permute({2, 0, 1}), scaled(image.height), scaled(image.width))
                         .permute({1, 2, 0})
                         .contiguous();
  const auto* bytes = out.const_data_ptr<std::uint8_t>();
  return {out.size(0), out.size(1), {bytes, bytes + out.numel()}};
}

/// A decoded image, or the sentence that says why there is none.
struct Outcome {
  PackedImage packed;
  std::string problem;
};

}  // namespace

Prepared prepare_folders(const ClassFolders& folders, const ImageOptions& images, bool skip_bad,
                         const std::filesystem::path& output, const Preparation& preparation) {
  const std::int64_t count = std::int64_t(folders.images.size());
  DatasetWriter writer(output, folders.class_names, folders.synonyms, folders.domain_names, described(images.bands),
                       images.range ? text(images.range->low, ":", images.range->high) : "as the files state it",
                       preparation.resize > 0 ? text("shorter side at most ", preparation.resize) : "as in the files");
  Prepared result;
  std::vector<std::int64_t> usable(folders.class_names.size());  // images of each class
  const auto decode = [&](std::int64_t i) {
    const SourceImage& source = folders.images[std::size_t(i)];
    Outcome outcome{{{}, source.label, source.domain, source.name, {}, {}}, {}};
    try {
      require(source.problem.empty(), source.problem);
      const std::string bytes = read_file(source.path);
      outcome.packed.image = reduced(decode_image(bytes, source.path.string(), images), preparation.resize);
      outcome.packed.file_sha256 = sha256(bytes);
      outcome.packed.pixels_sha256 = pixels_sha256(outcome.packed.image);
    } catch (const Error& problem) {
      outcome.problem = printable(problem.what());
    }
    return outcome;
  };
  in_order(count, preparation.threads, decode, [&](std::int64_t i, Outcome&& outcome) {
    if (!outcome.problem.empty()) {
      result.skipped.push_back(outcome.problem);
      writer.skip(outcome.packed.file_name, outcome.problem);
    } else if (skip_bad || result.skipped.empty()) {
      writer.add(outcome.packed);
      ++result.images;
      ++usable[std::size_t(outcome.packed.label)];
      result.pixel_bytes += std::int64_t(outcome.packed.image.pixels.size());
    }
    preparation.progress(i + 1, count);
  });
  std::string list;
  for (const std::string& problem : result.skipped) list += "\n  " + problem;
  const auto lost = std::ranges::find(usable, 0);
  require(!skip_bad || lost == usable.end(), "no image of the class \"",
          lost == usable.end() ? "" : folders.class_names[std::size_t(lost - usable.begin())],
          "\" can be used, so nothing was written; mend its images, or remove its folder:", list);
  if (!result.skipped.empty() && !skip_bad)
    fail(result.skipped.size(), " of ", count,
         " images cannot be used, so nothing was written (--skip-bad leaves them out):", list);
  result.checksum = writer.finish();
  return result;
}

Prepared prepare_synthetic(const SyntheticOptions& options, const std::filesystem::path& output,
                           const Preparation& preparation) {
  const SceneGenerator scenes(options);
  DatasetWriter writer(output, scenes.class_names(), scenes.synonyms(), scenes.domain_names(), "synthetic", "synthetic",
                       "synthetic");
  Prepared result;
  const auto draw = [&](std::int64_t i) {
    Image image{options.size, options.size, scenes.draw(i).pixels};
    const std::string digest = pixels_sha256(image);
    return PackedImage{std::move(image), scenes.label(i), scenes.domain(i), text("scene ", i), "", digest};
  };
  in_order(scenes.size(), preparation.threads, draw, [&](std::int64_t i, PackedImage&& packed) {
    writer.add(packed);
    result.pixel_bytes += std::int64_t(packed.image.pixels.size());
    preparation.progress(++result.images, scenes.size());
  });
  result.checksum = writer.finish();
  return result;
}

Image contact_sheet(SyntheticOptions options, std::int64_t columns) {
  constexpr std::int64_t gap = 3;
  options.per_class = std::min(options.per_class, columns);
  const SceneGenerator scenes(options);
  const std::int64_t cell = options.size + gap, rows = std::int64_t(scenes.class_names().size());
  const std::int64_t across = std::int64_t(scenes.domain_names().size()) * options.per_class;
  Image sheet{rows * cell, across * cell, {}};
  sheet.pixels.assign(std::size_t(sheet.height * sheet.width * 3), 255);
  for (std::int64_t i = 0; i < scenes.size(); ++i) {
    const Scene scene = scenes.draw(i);
    const std::int64_t column = scenes.domain(i) * options.per_class + i % options.per_class;
    for (std::int64_t y = 0; y < options.size; ++y)
      std::copy_n(&scene.pixels[std::size_t(y * options.size * 3)], options.size * 3,
                  &sheet.pixels[std::size_t(((scenes.label(i) * cell + y) * sheet.width + column * cell) * 3)]);
  }
  return sheet;
}

}  // namespace fedorbit
