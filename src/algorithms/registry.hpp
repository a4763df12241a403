// The methods there are: each learner, strategy and codec by its name in a configuration, with its options.
// A new one adds its header and its options here, and its line in registry.cpp.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "algorithms/codec.hpp"
#include "algorithms/learners/dual_prompt.hpp"
#include "algorithms/learners/prompt.hpp"
#include "algorithms/strategies/fedadagrad.hpp"
#include "algorithms/strategies/fedadam.hpp"
#include "algorithms/strategies/fedavg.hpp"
#include "algorithms/strategies/fedavgm.hpp"
#include "algorithms/strategies/fedprox.hpp"
#include "algorithms/strategies/fedyogi.hpp"
#include "algorithms/strategies/scaffold.hpp"
#include "algorithms/strategy.hpp"

namespace fedorbit {

std::vector<std::string> learner_names();
std::vector<std::string> strategy_names();
std::vector<std::string> codec_names();

/// A published method is a point on the three axes, and the options of its parts.
struct MethodOptions {
  std::string learner = "dual_prompt", strategy = "fedavg", upload_codec = "float32", download_codec = "float32";
  std::string weighting = "samples";
  void fields(OptionList& v) {
    v("learner", learner, "what is trained, by which loss", learner_names());
    v("strategy", strategy, "how clients learn together", strategy_names());
    v("upload_codec", upload_codec, "how a client's update is written on the wire", codec_names());
    v("download_codec", download_codec, "how the global parameters are written on the wire", codec_names());
    v("weighting", weighting, "what a client counts in the average: its training images, or one",
      {"samples", "uniform"});
  }
};

struct LearnerOptions {
  PromptOptions prompt;
  DualPromptOptions dual_prompt;
  EngineOptions engine;
  void fields(OptionList& v) {
    v.section("prompt", prompt);
    v.section("dual_prompt", dual_prompt);
    v.section("engine", engine);
  }
};

struct StrategyOptions {
  FedAvgOptions fedavg;
  FedProxOptions fedprox;
  FedAvgMOptions fedavgm;
  FedAdagradOptions fedadagrad;
  FedAdamOptions fedadam;
  FedYogiOptions fedyogi;
  ScaffoldOptions scaffold;
  void fields(OptionList& v) {
    v.section("fedavg", fedavg);
    v.section("fedprox", fedprox);
    v.section("fedavgm", fedavgm);
    v.section("fedadagrad", fedadagrad);
    v.section("fedadam", fedadam);
    v.section("fedyogi", fedyogi);
    v.section("scaffold", scaffold);
  }
};

// A name that is none is an Error that names the nearest.

/// The text tower is taken in engine.precision; what a learner computes beforehand lies where `share` has it.
std::unique_ptr<Classifier> make_learner(const std::string& name, const LearnerOptions& options, const Clip& clip,
                                         const std::vector<std::string>& class_names, const ShareBytes& share = {});
std::unique_ptr<Strategy> make_strategy(const std::string& name, const StrategyOptions& options);
std::unique_ptr<Codec> make_codec(const std::string& name);

}  // namespace fedorbit
