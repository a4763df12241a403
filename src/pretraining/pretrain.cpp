#include "pretraining/pretrain.hpp"

#include <ATen/Context.h>
#include <ATen/Parallel.h>

#include <cmath>
#include <numbers>
#include <numeric>
#include <optional>

#include "core/clock.hpp"
#include "core/error.hpp"
#include "core/log.hpp"
#include "core/version.hpp"
#include "core/words.hpp"
#include "inputs/open_data.hpp"
#include "io/file.hpp"
#include "model/checkpoints/clip_tensors.hpp"
#include "model/clip.hpp"
#include "pretraining/accuracy.hpp"
#include "pretraining/checkpoint.hpp"
#include "pretraining/step.hpp"

namespace fedorbit {

ClipConfig ClipSizes::config(std::int64_t vocabulary_size) const {
  ClipConfig out;
  out.embed_dim = embed_dim;
  out.activation = activation == "gelu" ? Activation::gelu : Activation::quick_gelu;
  static_cast<TowerConfig&>(out.vision) = {vision_width, vision_layers, vision_heads, 4 * vision_width};
  out.vision.image_size = image_size;
  out.vision.patch_size = patch_size;
  static_cast<TowerConfig&>(out.text) = {text_width, text_layers, text_heads, 4 * text_width};
  out.text.context_length = context_length;
  out.text.vocabulary_size = vocabulary_size;
  out.check();
  return out;
}

namespace {

/// For short sequences LibTorch's tiled attention spends its time on setting up tiny products; whole ones, in the type
/// of their inputs, train a third faster.
void attend_by_products() {
  at::globalContext().setSDPUseFlash(false);
  at::globalContext().setAllowFP16BF16ReductionMathSDP(true);
}

c10::ScalarType type_of(const std::string& precision) {
  return precision == "float16" ? at::kHalf : precision == "bfloat16" ? at::kBFloat16 : at::kFloat;
}

std::vector<std::int64_t> shuffled(std::int64_t count, Stream stream) {
  std::vector<std::int64_t> out(static_cast<std::size_t>(count));
  std::iota(out.begin(), out.end(), 0);
  stream.shuffle(std::span(out));
  return out;
}

/// Linear warm-up, then half a cosine to zero.
double learning_rate_at(const PretrainTrainingOptions& options, std::int64_t step, std::int64_t steps_per_epoch) {
  const double now = double(step) + 0.5, warm = options.warmup * double(steps_per_epoch);
  const double whole = double(options.epochs * steps_per_epoch);
  if (now < warm) return options.learning_rate * now / warm;
  return options.learning_rate * 0.5 * (1 + std::cos(std::numbers::pi * (now - warm) / (whole - warm)));
}

/// One pre-training from its data to its file.
class Pretraining {
 public:
  Pretraining(const PretrainOptions& options, const std::filesystem::path& output, Communicator& communicator)
      : options_(options),
        output_(output),
        communicator_(communicator),
        dataset_(open_data(options.data.path, options.synthetic, communicator)),
        captions_(options.captions, dataset_, options.clip.context_length),
        config_(options.clip.config(captions_.tokenizer().vocabulary_size())),
        weights_(initialise_clip(config_, keys_.stream(Purpose::initialise))) {
    const auto order = shuffled(dataset_.size(), keys_.stream(Purpose::split));
    const auto held_out = std::llround(options.data.held_out * double(order.size()));
    const std::vector<std::int64_t> test(order.begin(), order.begin() + held_out),
        train(order.begin() + held_out, order.end());
    require(std::int64_t(train.size()) >= options.training.batch_size,
            "training.batch_size = ", options.training.batch_size, " is more than the ", train.size(),
            " images to train on.");
    require(options.training.warmup <= double(options.training.epochs), "training.warmup = ", options.training.warmup,
            " epochs is longer than training.epochs = ", options.training.epochs, ".");
    PretrainOptions listed = options;
    identity_ = text(build(), "\n", dataset_.checksum(), "\n", OptionList::of(listed).toml());
    images_ = kept_images(dataset_, train, options.data.kept_pixels);
    for (const std::int64_t i : train) labels_.push_back(dataset_.labels()[i].item<std::int64_t>());
    if (!test.empty()) validations_.push_back(make_validation("held-out", dataset_, test, config_.vision.image_size));
    if (!options.data.validate.empty()) add_validation(options.data.validate);
  }

  void run() {
    const PretrainTrainingOptions& training = options_.training;
    const std::int64_t batch = training.batch_size, steps = std::int64_t(images_.size()) / batch;
    const PretrainSetting setting{options_, config_, captions_, images_, labels_, keys_, communicator_};
    if (communicator_.root())
      log::info("pre-training on ", counted(std::int64_t(images_.size()), "image"), " of ",
                counted(dataset_.classes(), "class"), ", ", weights_.flat().numel(), " weights, ",
                config_.text.vocabulary_size, " tokens, ", counted(communicator_.size(), "rank"));
    const Stopwatch whole;
    const std::int64_t first = resume_pretraining(checkpoint(), identity_, weights_, communicator_);
    if (first > 0 && communicator_.root())
      log::info("goes on after ", counted(first, "epoch"), " from ", checkpoint().string());
    for (std::int64_t epoch = first; epoch < training.epochs; ++epoch) {
      const Stopwatch clock;
      const auto order = shuffled(std::int64_t(images_.size()), keys_.stream(Purpose::shuffle, std::uint64_t(epoch)));
      double loss = 0;
      for (std::int64_t i = 0; i < steps; ++i) {
        const std::int64_t step = epoch * steps + i;
        const std::vector<std::int64_t> chosen(order.begin() + i * batch, order.begin() + (i + 1) * batch);
        loss += pretrain_gradient(setting, weights_, chosen, std::uint64_t(epoch), std::uint64_t(step)) / double(steps);
        weights_.step(learning_rate_at(training, step, steps), training.weight_decay, training.largest_gradient);
      }
      const double rate = double(steps * batch) / clock.seconds();
      const bool last = epoch + 1 == training.epochs;
      const std::string accuracies = last || (epoch + 1) % training.evaluate_every == 0 ? accuracy(last) : "";
      if (!communicator_.root()) continue;
      const double left = whole.seconds() / double(epoch + 1 - first) * double(training.epochs - epoch - 1);
      log::info("epoch ", epoch + 1, "/", training.epochs, ": loss ", fixed(loss, 3), accuracies, ", ", fixed(rate, 0),
                " images/s, ", human_seconds(left), " left");
      if (!last) save_pretraining(checkpoint(), identity_, epoch + 1, weights_);
    }
    if (!communicator_.root()) return;
    save_clip(output_, Clip{config_, weights_.copies(), captions_.tokenizer(), ""}, type_of(training.file_precision));
    std::filesystem::remove(checkpoint());
    log::info(output_.string(), ": ", std::filesystem::file_size(output_), " bytes after ",
              human_seconds(whole.seconds()));
  }

 private:
  void add_validation(const std::filesystem::path& path) {
    const Dataset other = Dataset::open(path);
    std::vector<std::int64_t> all(std::size_t(other.size()));
    std::iota(all.begin(), all.end(), 0);
    validations_.push_back(make_validation(path.filename().string(), other, all, config_.vision.image_size));
  }

  /// Collective: zero-shot accuracy on each set, and at the end a linear probe of the foreign one.
  std::string accuracy(bool last) {
    NamedTensors tensors = weights_.copies();
    for (auto& [name, tensor] : tensors) tensor = tensor.to(type_of(options_.training.precision));
    std::string out;
    for (const Validation& validation : validations_) {
      const Tensor features = validation_features(tensors, config_, validation, communicator_);
      const Tensor texts = ensemble_features(tensors, config_, captions_, validation.class_names);
      out += text(", ", validation.name, " ", percent(zero_shot_accuracy(features, texts, validation.labels)));
      if (last)
        out += text(" (linear probe ",
                    percent(probe_accuracy(features, validation.labels, std::int64_t(validation.class_names.size()))),
                    ")");
    }
    return out;
  }

  std::filesystem::path checkpoint() const { return output_.string() + ".checkpoint"; }

  const PretrainOptions& options_;
  std::filesystem::path output_;
  std::string identity_;  // of what is trained
  Communicator& communicator_;
  Keys keys_{std::uint64_t(options_.seed)};
  Dataset dataset_;
  Captions captions_;
  ClipConfig config_;
  TrainedWeights weights_;
  std::vector<Tensor> images_;
  std::vector<std::int64_t> labels_;
  std::vector<Validation> validations_;
};

}  // namespace

void pretrain(const PretrainOptions& options, const std::filesystem::path& output, Communicator& communicator) {
  attend_by_products();
  at::set_num_threads(int(options.machine.threads));
  // Found out before hours of work, not after them.
  if (communicator.root()) AtomicFile probe(output);
  Pretraining(options, output, communicator).run();
}

}  // namespace fedorbit
