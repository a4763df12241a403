#include "algorithms/registry.hpp"

#include <functional>

#include "algorithms/codecs/float32.hpp"
#include "algorithms/codecs/power_sgd.hpp"
#include "algorithms/codecs/qsgd.hpp"
#include "algorithms/codecs/random_k.hpp"
#include "algorithms/codecs/sixteen_bits.hpp"
#include "algorithms/codecs/top_k.hpp"
#include "algorithms/codecs/uniform.hpp"
#include "algorithms/codecs/zstd.hpp"
#include "algorithms/learners/byol.hpp"
#include "algorithms/learners/dual_prompt.hpp"
#include "algorithms/learners/fedclip.hpp"
#include "algorithms/learners/linear.hpp"
#include "algorithms/learners/mae.hpp"
#include "algorithms/learners/moco.hpp"
#include "algorithms/learners/network.hpp"
#include "algorithms/learners/prompt.hpp"
#include "algorithms/learners/simmim.hpp"
#include "algorithms/learners/simsiam.hpp"
#include "algorithms/strategies/fedadagrad.hpp"
#include "algorithms/strategies/fedadam.hpp"
#include "algorithms/strategies/fedavg.hpp"
#include "algorithms/strategies/fedavgm.hpp"
#include "algorithms/strategies/fedema.hpp"
#include "algorithms/strategies/fedlesam.hpp"
#include "algorithms/strategies/fedprox.hpp"
#include "algorithms/strategies/fedsam.hpp"
#include "algorithms/strategies/fedsense.hpp"
#include "algorithms/strategies/fedu.hpp"
#include "algorithms/strategies/fedyogi.hpp"
#include "algorithms/strategies/scaffold.hpp"
#include "core/error.hpp"
#include "model/towers/precision.hpp"

namespace fedorbit {
namespace {

struct NoOptions {
  void fields(OptionList&) {}
};

/// A part by its name: its options as they are where nobody says otherwise, and what makes it of them.
template <class Product, class... Inputs>
struct Part {
  std::string name;
  AnyOptions options;
  std::function<std::unique_ptr<Product>(const AnyOptions&, Inputs...)> make;
};
template <class Product, class... Inputs>
using PartList = std::vector<Part<Product, Inputs...>>;

using Learners = PartList<Learner, const Material&>;
using Strategies = PartList<Strategy>;
using Codecs = PartList<SizedCodec>;

template <class Made, class Options>
Learners::value_type learner(const char* name) {
  return {name, AnyOptions::of(Options()), [](const AnyOptions& options, const Material& material) {
            return std::make_unique<Made>(options.as<Options>(), material);
          }};
}

template <class Made, class Options>
Strategies::value_type strategy(const char* name) {
  return {name, AnyOptions::of(Options()),
          [](const AnyOptions& options) { return std::make_unique<Made>(options.as<Options>()); }};
}

template <class Made, class Options = NoOptions>
Codecs::value_type codec(const char* name) {
  return {name, AnyOptions::of(Options()), [](const AnyOptions& options) {
            if constexpr (std::is_same_v<Options, NoOptions>)
              return std::make_unique<Made>();
            else
              return std::make_unique<Made>(options.as<Options>());
          }};
}

const Learners& learners() {
  static const Learners parts{
      learner<PromptLearner, PromptOptions>("prompt"),    learner<DualPromptLearner, DualPromptOptions>("dual_prompt"),
      learner<FedClipLearner, FedClipOptions>("fedclip"), learner<LinearLearner, LinearOptions>("linear"),
      learner<NetworkLearner, NetworkOptions>("network"), learner<SimSiamLearner, SimSiamOptions>("simsiam"),
      learner<ByolLearner, ByolOptions>("byol"),          learner<MocoLearner, MocoOptions>("moco"),
      learner<SimMimLearner, SimMimOptions>("simmim"),    learner<MaeLearner, MaeOptions>("mae"),
  };
  return parts;
}

const Strategies& strategies() {
  static const Strategies parts{
      strategy<FedAvg, FedAvgOptions>("fedavg"),
      strategy<FedProx, FedProxOptions>("fedprox"),
      strategy<FedAvgM, FedAvgMOptions>("fedavgm"),
      strategy<FedAdagrad, FedAdagradOptions>("fedadagrad"),
      strategy<FedAdam, ForgettingServerOptions>("fedadam"),
      strategy<FedYogi, ForgettingServerOptions>("fedyogi"),
      strategy<Scaffold, ScaffoldOptions>("scaffold"),
      strategy<FedSam, PerturbationOptions>("fedsam"),
      strategy<FedLesam, PerturbationOptions>("fedlesam"),
      strategy<FedU, FedUOptions>("fedu"),
      strategy<FedEma, FedEmaOptions>("fedema"),
      strategy<FedSense, FedSenseOptions>("fedsense"),
  };
  return parts;
}

const Codecs& codecs() {
  static const Codecs parts{
      codec<Float32Codec>("float32"),
      codec<Float16Codec>("float16"),
      codec<Bfloat16Codec>("bfloat16"),
      codec<UniformCodec, UniformOptions>("uniform"),
      codec<QsgdCodec, QsgdOptions>("qsgd"),
      codec<TopKCodec, TopKOptions>("top_k"),
      codec<RandomKCodec, RandomKOptions>("random_k"),
      codec<PowerSgdCodec, PowerSgdOptions>("power_sgd"),
  };
  return parts;
}

template <class Named>
std::vector<std::string> names(const Named& parts) {
  std::vector<std::string> out;
  for (const auto& part : parts) out.push_back(part.name);
  return out;
}

template <class Named>
const auto& find(const Named& parts, const std::string& wanted) {
  for (const auto& part : parts)
    if (part.name == wanted) return part;
  fail("there is no method part named ", wanted, "; the nearest is ", nearest(wanted, names(parts)), ".");
}

}  // namespace

std::vector<std::string> learner_names() { return names(learners()); }
std::vector<std::string> strategy_names() { return names(strategies()); }
std::vector<std::string> codec_names() { return names(codecs()); }

LearnerOptions::LearnerOptions() {
  for (const auto& part : learners()) sections_.emplace_back(part.name, part.options);
}
StrategyOptions::StrategyOptions() {
  for (const auto& part : strategies()) sections_.emplace_back(part.name, part.options);
}
CodecOptions::CodecOptions() {
  for (const auto& part : codecs()) sections_.emplace_back(part.name, part.options);
}
void CodecOptions::fields(OptionList& v) {
  v("codec", codec, "how a message is written on the wire", codec_names());
  v("zstd", zstd, "level", "of Zstandard's compression of what the codec wrote, 1 to 19; 0: none", 0, 19);
  PartOptions::fields(v);
}

const AnyOptions& PartOptions::of(const std::string& name) const {
  for (const auto& [section, options] : sections_)
    if (section == name) return options;
  std::vector<std::string> known;
  for (const auto& [section, options] : sections_) known.push_back(section);
  fail("there is no method part named ", name, "; the nearest is ", nearest(name, known), ".");
}

std::unique_ptr<Learner> make_learner(const std::string& name, const LearnerOptions& options, Material material) {
  const auto& part = find(learners(), name);
  if (material.clip)
    material.clip = std::make_shared<const Clip>(
        in_precision(*material.clip, material.engine.precision, "engine.precision", "text."));
  return part.make(options.of(name), material);
}
std::unique_ptr<Strategy> make_strategy(const std::string& name, const StrategyOptions& options) {
  return find(strategies(), name).make(options.of(name));
}
std::unique_ptr<Codec> make_codec(const CodecOptions& options) {
  std::unique_ptr<SizedCodec> codec = find(codecs(), options.codec).make(options.of(options.codec));
  if (options.zstd == 0) return codec;
  return std::make_unique<ZstdCodec>(std::move(codec), int(options.zstd));
}

}  // namespace fedorbit
