// The methods there are: each learner, strategy and codec by its name in a configuration, with its options.
// A new one is a line in registry.cpp, which alone sees the types of learners and strategies and of their options.
#pragma once
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "algorithms/codec.hpp"
#include "algorithms/material.hpp"
#include "algorithms/strategy.hpp"
#include "core/any_options.hpp"

namespace fedorbit {

std::vector<std::string> learner_names();
std::vector<std::string> strategy_names();
std::vector<std::string> codec_names();

/// A published method is a point on three axes, and the options of its parts: a learner, a strategy, and the codecs of
/// [upload] and [download].
struct MethodOptions {
  std::string learner = "dual_prompt", strategy = "fedavg";
  std::string weighting = "samples", personal;
  void fields(OptionList& v) {
    v("learner", learner, "what is trained, by which loss", learner_names());
    v("strategy", strategy, "how clients learn together", strategy_names());
    v("weighting", weighting, "what a client counts in the average: its training images, or one",
      {"samples", "uniform"});
    v("personal", personal,
      "shared tensors that stay with their clients, by name (* stands for any text), several separated by semicolons; "
      "*: each trains alone, a head: FedPer, norms: FedBN");
  }
};

/// The options of parts of one kind by their names, which are those of their sections.
class PartOptions {
 public:
  void fields(OptionList& v) {
    for (auto& [name, options] : sections_) v.section(name.c_str(), options);
  }
  /// A name that is none is an Error that names the nearest.
  const AnyOptions& of(const std::string& name) const;
  AnyOptions& of(const std::string& name) { return const_cast<AnyOptions&>(std::as_const(*this).of(name)); }

 protected:
  std::vector<std::pair<std::string, AnyOptions>> sections_;
};

struct LearnerOptions : PartOptions {
  LearnerOptions();
};

struct StrategyOptions : PartOptions {
  StrategyOptions();
};

/// How messages of one direction are written: a codec, and the options of each codec in a section of its name.
struct CodecOptions : PartOptions {
  std::string codec = "float32";
  std::int64_t zstd = 0;
  CodecOptions();
  void fields(OptionList& v);
};

struct UploadOptions : CodecOptions {
  bool error_feedback = false;
  void fields(OptionList& v) {
    v("error_feedback", error_feedback,
      "whether a client keeps what its codec could not say and adds it to what it sends next");
    CodecOptions::fields(v);
  }
};

/// The text tower, where there is one, is taken in engine.precision. Throws where the material lacks what the learner
/// needs. Here and below a name that is none is an Error that names the nearest.
std::unique_ptr<Learner> make_learner(const std::string& name, const LearnerOptions& options, Material material);
std::unique_ptr<Strategy> make_strategy(const std::string& name, const StrategyOptions& options);
std::unique_ptr<Codec> make_codec(const CodecOptions& options);

}  // namespace fedorbit
