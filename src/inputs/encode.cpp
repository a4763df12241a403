#include "inputs/encode.hpp"

#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <functional>

#include "core/clock.hpp"
#include "core/error.hpp"
#include "core/log.hpp"
#include "core/words.hpp"
#include "data/feature_writer.hpp"
#include "data/transform.hpp"
#include "inputs/arithmetic.hpp"
#include "io/file.hpp"
#include "model/towers/text_tower.hpp"
#include "model/towers/vision.hpp"

namespace fedorbit {
namespace {

constexpr std::int64_t encoded_at_once = 32;  // images or texts
constexpr double seconds_between_keeps = 1;

/// The features of rows [first, first + encoded_at_once), with anything in rows past the last.
using ChunkEncoder = std::function<VisionFeatures(std::int64_t first)>;

/// All that bits may depend on besides the origin. (The first tensor, the logit scale, keeps its type.)
std::string arithmetic_of(const Clip& clip, const EncodingOptions& encoding, at::Device device,
                          Communicator& communicator) {
  const bool rounded = clip.tensors.rbegin()->second.scalar_type() == at::kBFloat16;
  return text(rounded ? "bfloat16" : "float32", encoding.half ? ", kept as float16, " : ", ",
              arithmetic(device, communicator));
}

/// Features and patches of rows [from, ...) of a chunk as one message, and back.
Tensor packed(const VisionFeatures& chunk, std::int64_t from, std::int64_t count) {
  const auto part = [&](const Tensor& table) {
    return table.narrow(0, from, count).to(at::kCPU).flatten().contiguous();
  };
  if (!chunk.patches.defined()) return part(chunk.features);
  return at::cat({part(chunk.features), part(chunk.patches)});
}
void append_packed(FeatureWriter& writer, const Tensor& message, const FeatureShape& shape) {
  const std::int64_t count = message.numel() / (shape.width * (1 + shape.patches)), numbers = count * shape.width;
  Tensor patches;
  if (shape.patches > 0)
    patches = message.narrow(0, numbers, message.numel() - numbers).view({count, shape.patches, shape.width});
  writer.append(message.narrow(0, 0, numbers).view({count, shape.width}), patches);
}

/// Takes the chunks that are left in waves of one a rank; the root, which has the writer, takes them in order.
bool encode_rows(FeatureWriter* writer, const FeatureShape& shape, const char* what, const ChunkEncoder& encode,
                 Communicator& communicator, const volatile std::sig_atomic_t& signal) {
  const at::NoGradGuard no_gradient;
  const std::int64_t rows = (1 + shape.views) * shape.count;
  Tensor done = at::tensor(writer ? writer->done() : std::int64_t{0});
  communicator.broadcast(done);
  const std::int64_t start = done.item<std::int64_t>();
  if (communicator.root() && start > 0) log::info("going on after ", start, " of ", rows, " ", what);
  const Stopwatch watch;
  double reported = 0, kept = -seconds_between_keeps;
  for (std::int64_t next = start; next < rows;) {
    const std::int64_t wave = next / encoded_at_once, mine = wave + communicator.rank();
    const auto end_of = [&](std::int64_t chunk) { return std::min((chunk + 1) * encoded_at_once, rows); };
    std::vector<Tensor> messages(std::size_t(communicator.size()), at::empty({0}, at::kFloat));
    if (mine * encoded_at_once < rows) {
      const std::int64_t first = std::max(mine * encoded_at_once, next);  // the first chunk may be there in part
      messages[0] = packed(encode(mine * encoded_at_once), first - mine * encoded_at_once, end_of(mine) - first);
    }
    Tensor stop = at::tensor(std::int64_t(signal != 0));
    communicator.all_reduce(stop, Reduce::max);
    const std::vector<Tensor> received = communicator.exchange(std::move(messages));
    next = end_of(wave + communicator.size() - 1);
    if (writer) {
      for (const Tensor& message : received)
        if (message.numel() > 0) append_packed(*writer, message, shape);
      if (watch.seconds() - kept > seconds_between_keeps) writer->keep(), kept = watch.seconds();
      if (watch.seconds() - reported > 5) {
        reported = watch.seconds();
        log::info("encoding: ", next, " of ", rows, " ", what, ", ", fixed(double(next - start) / reported, 0),
                  " a second");
      }
    }
    if (stop.item<std::int64_t>() != 0 && next < rows) {
      if (writer) writer->keep();
      return false;
    }
  }
  if (writer) {
    writer->finish();
    log::info("encoded ", rows - start, " ", what, " in ", human_seconds(watch.seconds()));
  }
  return true;
}

/// encode_rows with a writer at the root alone, where it is made.
bool encode_to(const std::filesystem::path& file, const FeatureShape& shape, const FeatureSet& about, const char* what,
               const ChunkEncoder& encode, Communicator& communicator, const volatile std::sig_atomic_t& signal,
               std::optional<FileLock> lock = std::nullopt) {
  std::optional<FeatureWriter> writer;
  if (communicator.root()) writer.emplace(file, shape, about, std::move(lock));
  return encode_rows(writer ? &*writer : nullptr, shape, what, encode, communicator, signal);
}

Tensor tokens_of(const std::vector<std::string>& texts, std::int64_t first, const Clip& clip) {
  std::vector<std::string> chunk;
  // The last chunk is as wide as the others: bits may depend on the number of rows.
  for (std::int64_t i = first; i < first + encoded_at_once; ++i)
    chunk.push_back(texts[std::size_t(std::min(i, std::int64_t(texts.size()) - 1))]);
  return clip.tokenizer.tokens(chunk, clip.config.text.context_length);
}

}  // namespace

FeatureOrigin image_origin(const Dataset& dataset, const Clip& clip, const EncodingOptions& encoding, at::Device device,
                           Communicator& communicator) {
  return {dataset.checksum(), clip.checksum,
          text("CLIP, shorter side to ", clip.config.vision.image_size, " pixels, bicubic, centre cut out"),
          encoding.views.recipe(), arithmetic_of(clip, encoding, device, communicator)};
}

bool encode_images_to(const std::filesystem::path& file, const Dataset& dataset, const Clip& clip,
                      const EncodingOptions& encoding, at::Device device, Communicator& communicator,
                      const volatile std::sig_atomic_t& signal, std::optional<FileLock> lock) {
  const Transform transform{clip.config.vision.image_size};
  const std::int64_t count = dataset.size(), rows = (1 + encoding.views.count) * count;
  const FeatureShape shape{count, clip.config.embed_dim, encoding.patches ? clip.config.vision.patches() : 0,
                           encoding.views.count, encoding.half};
  FeatureSet about;
  about.origin = image_origin(dataset, clip, encoding, device, communicator);
  about.logit_scale = clip.logit_scale();
  about.labels = dataset.labels();
  about.class_names = dataset.class_names();
  return encode_to(
      file, shape, about, "images",
      [&](std::int64_t first) {
        std::vector<Tensor> squares;
        for (std::int64_t row = first; row < std::min(first + encoded_at_once, rows); ++row) {
          const std::int64_t view = row / count, i = row % count;
          const Tensor image = dataset.image(i).permute({2, 0, 1});
          squares.push_back(view == 0 ? transform.square(image)
                                      : augmented_view(image, transform.image_size, encoding.views, i, view));
        }
        // The last chunk is as wide as the others: bits may depend on the number of rows.
        while (std::int64_t(squares.size()) < encoded_at_once) squares.push_back(at::zeros_like(squares.front()));
        return encode_images(clip.tensors, clip.config, transform.normalised(at::stack(squares).to(device)),
                             encoding.patches);
      },
      communicator, signal, std::move(lock));
}

bool encode_texts_to(const std::filesystem::path& file, const std::vector<std::string>& texts, const Clip& clip,
                     bool half, at::Device device, Communicator& communicator,
                     const volatile std::sig_atomic_t& signal) {
  require(!texts.empty(), "there are no texts to encode.");
  std::string list;
  for (const std::string& line : texts) list += line + "\n";
  FeatureSet about;
  about.origin = {sha256(list), clip.checksum, "CLIP's tokens", "",
                  arithmetic_of(clip, {false, half, {}}, device, communicator)};
  about.logit_scale = clip.logit_scale();
  about.texts = texts;
  return encode_to(
      file, {std::int64_t(texts.size()), clip.config.embed_dim, 0, 0, half}, about, "texts",
      [&](std::int64_t first) {
        const Tensor tokens = tokens_of(texts, first, clip).to(device);
        return VisionFeatures{encode_tokens(clip.tensors, clip.config, tokens), {}};
      },
      communicator, signal);
}

Tensor encode_texts(const std::vector<std::string>& texts, const Clip& clip, at::Device device,
                    Communicator& communicator) {
  const at::NoGradGuard no_gradient;
  const auto count = std::int64_t(texts.size());
  Tensor all = at::zeros({count, clip.config.embed_dim}, at::kFloat);
  for (std::int64_t chunk = communicator.rank(); chunk * encoded_at_once < count; chunk += communicator.size()) {
    const std::int64_t first = chunk * encoded_at_once, now = std::min(encoded_at_once, count - first);
    const Tensor tokens = tokens_of(texts, first, clip).to(device);
    all.narrow(0, first, now).copy_(encode_tokens(clip.tensors, clip.config, tokens).narrow(0, 0, now));
  }
  communicator.all_reduce(all);  // each row is one rank's; the others add zeros
  return all;
}

}  // namespace fedorbit
