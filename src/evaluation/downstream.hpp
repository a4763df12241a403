// Images of another data set than a run's, by which the encoders that it trains are judged: what they are good for.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "comm/communicator.hpp"
#include "core/options.hpp"
#include "evaluation/exam.hpp"
#include "inputs/live_images.hpp"

namespace fedorbit {

struct DownstreamOptions {
  std::string path, when = "last";
  double test_fraction = 0.2;
  std::int64_t seed = 1;
  void fields(OptionList& v) {
    v("path", path,
      "another data set, made by `fedorbit prepare`, that trains nobody: encoders are judged by how well their "
      "features "
      "tell its classes apart, as [evaluation] says; empty: none");
    v("when", when, "after the last round, or at every evaluation", {"last", "evaluations"});
    v("test_fraction", test_fraction, "", "share of each class that is asked about; classifiers are fitted to the rest",
      0.01, 0.9);
    v("seed", seed, "", "of that split and of few-shot draws, so that repeats of a run are asked the same", 0, 9e15);
  }
};

class Downstream {
 public:
  /// Collective: the same on every rank. `reading_threads` read images while encoders are at work; none are kept.
  Downstream(const DownstreamOptions& options, at::Device device, int reading_threads, Communicator& communicator);

  const std::string& checksum() const { return dataset_.checksum(); }
  /// This outlives it. `clients`: whose own encoders are judged, where those are.
  Questions questions(std::vector<ClientId> clients) const;

 private:
  Dataset dataset_;
  Labelled data_;
  std::unique_ptr<Partition> halves_;
  LiveImages images_;
};

}  // namespace fedorbit
