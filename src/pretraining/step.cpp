#include "pretraining/step.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <set>

#include "algorithms/losses/cosine.hpp"
#include "data/transform.hpp"
#include "model/towers/text_tower.hpp"
#include "model/towers/vision.hpp"
#include "pretraining/augment.hpp"
#include "pretraining/images.hpp"
#include "pretraining/loss.hpp"

namespace fedorbit {
namespace {

/// All ranks' rows (count, d) from each rank's share of them; a leaf of its own.
Tensor whole_leaf(const Tensor& mine, std::int64_t count, std::int64_t width, Communicator& communicator) {
  const int ranks = communicator.size();
  const Share share = share_of(count, communicator.rank(), ranks);
  Tensor padded = at::zeros({share.largest, width}, at::kFloat);
  if (share.count > 0) padded.narrow(0, 0, share.count).copy_(mine.detach());
  const Tensor rows = communicator.all_gather(padded);  // (ranks, largest, d)
  Tensor whole = at::zeros({count, width}, at::kFloat);
  for (int rank = 0; rank < ranks; ++rank) {
    const Share part = share_of(count, rank, ranks);
    whole.narrow(0, part.first, part.count).copy_(rows[rank].narrow(0, 0, part.count));
  }
  return whole.requires_grad_(true);
}

/// How a batch is seen and what is said of it: the same on every rank, before any pixel is touched.
struct DrawnBatch {
  std::vector<Viewpoint> views;  // (B)
  std::vector<Said> said;        // (T) different captions
  Tensor match;                  // (B, T) float32, 1 where a caption is true of an image
};

DrawnBatch drawn_batch(const PretrainSetting& setting, const std::vector<std::int64_t>& batch, std::uint64_t epoch,
                       std::uint64_t step) {
  DrawnBatch out;
  std::vector<Said> truth;
  std::set<Said> said;
  for (const std::int64_t i : batch) {
    const Tensor& image = setting.images[std::size_t(i)];
    const Viewpoint view = drawn_view(setting.options.augmentation, image.size(1), image.size(2),
                                      setting.keys.stream(Purpose::augment, epoch, i));
    truth.push_back({setting.labels[std::size_t(i)], traits(view, setting.options.augmentation)});
    said.insert(setting.captions.said(truth.back().label, truth.back().traits,
                                      setting.keys.stream(Purpose::description, step, i)));
    out.views.push_back(view);
  }
  out.said.assign(said.begin(), said.end());
  std::vector<float> match;
  for (const Said& image : truth)
    for (const Said& caption : out.said)
      match.push_back(image.label == caption.label && (caption.traits & ~image.traits) == 0 ? 1.f : 0.f);
  out.match = at::tensor(match).view({std::int64_t(truth.size()), std::int64_t(out.said.size())});
  return out;
}

}  // namespace

double pretrain_gradient(const PretrainSetting& setting, TrainedWeights& weights,
                         const std::vector<std::int64_t>& batch, std::uint64_t epoch, std::uint64_t step) {
  Communicator& communicator = setting.communicator;
  const int rank = communicator.rank(), ranks = communicator.size();
  const ClipConfig& config = setting.config;
  const DrawnBatch drawn = drawn_batch(setting, batch, epoch, step);
  weights.gradient().zero_();
  // In bfloat16 each leaf is rounded on its way into the graph, and its gradient comes back as float32.
  const auto type = setting.options.training.precision == "bfloat16" ? at::kBFloat16 : at::kFloat;
  NamedTensors rounded;
  for (const auto& [name, leaf] : weights.leaves()) rounded.emplace(name, leaf.to(type));

  const Share images = share_of(std::int64_t(batch.size()), rank, ranks);
  const Share texts = share_of(std::int64_t(drawn.said.size()), rank, ranks);
  Tensor image_features, text_features;
  if (images.count > 0) {
    std::vector<Tensor> views;
    for (std::int64_t i = images.first; i < images.first + images.count; ++i)
      views.push_back(seen(setting.images[std::size_t(batch[std::size_t(i)])], config.vision.image_size,
                           drawn.views[std::size_t(i)]));
    image_features = unit(encode_images(rounded, config, Transform{}.normalised(at::stack(views))).features);
  }
  if (texts.count > 0) {
    const std::vector<Said> mine(drawn.said.begin() + texts.first, drawn.said.begin() + texts.first + texts.count);
    text_features = unit(encode_tokens(rounded, config, setting.captions.worded(mine, setting.keys, step)));
  }

  // The loss is of gathered features, the same everywhere; each rank then goes on backwards through its own share.
  const auto whole = [&](const Tensor& mine, std::size_t count) {
    return whole_leaf(mine, std::int64_t(count), config.embed_dim, communicator);
  };
  const Tensor all_images = whole(image_features, batch.size()), all_texts = whole(text_features, drawn.said.size());
  const Tensor& log_scale = weights.leaves().at("logit_scale");
  const Tensor loss =
      contrastive_loss(all_images, all_texts, drawn.match, log_scale.exp(), setting.options.training.label_smoothing);
  loss.backward();
  if (!communicator.root()) log_scale.mutable_grad().zero_();  // every rank has found it; it counts once
  const auto back = [](const Tensor& mine, const Tensor& all, const Share& share) {
    if (share.count > 0) (mine * all.grad().narrow(0, share.first, share.count)).sum().backward();
  };
  back(image_features, all_images, images);
  back(text_features, all_texts, texts);
  communicator.all_reduce(weights.gradient());
  return loss.item<double>();
}

}  // namespace fedorbit
