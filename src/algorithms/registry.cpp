#include "algorithms/registry.hpp"

#include <functional>
#include <utility>

#include "algorithms/codecs/float32.hpp"
#include "core/error.hpp"
#include "model/towers/precision.hpp"

namespace fedorbit {
namespace {

template <class Product, class... Arguments>
using Makers = std::vector<std::pair<std::string, std::function<std::unique_ptr<Product>(Arguments...)>>>;

using Learners =
    Makers<Classifier, const LearnerOptions&, const Clip&, const std::vector<std::string>&, const ShareBytes&>;

const Learners& learners() {
  static const Learners makers{
      {"prompt", [](auto& o, auto& clip, auto& names,
                    auto& share) { return std::make_unique<PromptLearner>(o.prompt, o.engine, clip, names, share); }},
      {"dual_prompt",
       [](auto& o, auto& clip, auto& names, auto& share) {
         return std::make_unique<DualPromptLearner>(o.dual_prompt, o.engine, clip, names, share);
       }},
  };
  return makers;
}

const Makers<Strategy, const StrategyOptions&>& strategies() {
  static const Makers<Strategy, const StrategyOptions&> makers{
      {"fedavg", [](auto& o) { return std::make_unique<FedAvg>(o.fedavg); }},
      {"fedprox", [](auto& o) { return std::make_unique<FedProx>(o.fedprox); }},
      {"fedavgm", [](auto& o) { return std::make_unique<FedAvgM>(o.fedavgm); }},
      {"fedadagrad", [](auto& o) { return std::make_unique<FedAdagrad>(o.fedadagrad); }},
      {"fedadam", [](auto& o) { return std::make_unique<FedAdam>(o.fedadam); }},
      {"fedyogi", [](auto& o) { return std::make_unique<FedYogi>(o.fedyogi); }},
      {"scaffold", [](auto& o) { return std::make_unique<Scaffold>(o.scaffold); }},
  };
  return makers;
}

const Makers<Codec>& codecs() {
  static const Makers<Codec> makers{{"float32", [] { return std::make_unique<Float32Codec>(); }}};
  return makers;
}

template <class M>
std::vector<std::string> names(const M& makers) {
  std::vector<std::string> out;
  for (const auto& [name, make] : makers) out.push_back(name);
  return out;
}

template <class M, class... Arguments>
auto make(const M& makers, const std::string& wanted, const Arguments&... arguments) {
  for (const auto& [name, maker] : makers)
    if (name == wanted) return maker(arguments...);
  fail("there is no method part named ", wanted, "; the nearest is ", nearest(wanted, names(makers)), ".");
}

}  // namespace

std::vector<std::string> learner_names() { return names(learners()); }
std::vector<std::string> strategy_names() { return names(strategies()); }
std::vector<std::string> codec_names() { return names(codecs()); }

std::unique_ptr<Classifier> make_learner(const std::string& name, const LearnerOptions& options, const Clip& clip,
                                         const std::vector<std::string>& class_names, const ShareBytes& share) {
  return make(learners(), name, options, in_precision(clip, options.engine.precision, "engine.precision", "text."),
              class_names, share);
}
std::unique_ptr<Strategy> make_strategy(const std::string& name, const StrategyOptions& options) {
  return make(strategies(), name, options);
}
std::unique_ptr<Codec> make_codec(const std::string& name) { return make(codecs(), name); }

}  // namespace fedorbit
