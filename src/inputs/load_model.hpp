// The CLIP that the options of a subcommand name.
#pragma once
#include <string>

#include "comm/communicator.hpp"
#include "core/options.hpp"
#include "model/clip.hpp"

namespace fedorbit {

struct WeightOptions {
  std::string weights = "embedded", vocabulary, activation = "auto";
  void fields(OptionList& v) {
    v("weights", weights,
      "a CLIP checkpoint (safetensors, its index, a PyTorch file, or the folder of one), or \"embedded\" for the small "
      "one inside the program");
    v("vocabulary", vocabulary,
      "merges.txt, tokenizer.json or bpe_simple_vocab_16e6.txt.gz; empty: beside the weights, or CLIP's from "
      "jobs/setup");
    v("activation", activation, "of its towers; auto: as the configuration beside the weights says, or quick_gelu",
      {"auto", "quick_gelu", "gelu"});
  }
};

/// In float32 on the CPU. What neither the file nor its configuration says is in the result's `assumption`, which the
/// root should log.
Clip load_model(const WeightOptions& options);

/// Collective: on the device, and the same on every rank.
Clip open_weights(const WeightOptions& options, at::Device device, Communicator& communicator);

}  // namespace fedorbit
