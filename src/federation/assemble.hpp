// The parts of a run put together: who its clients are, what they train, how they learn together and write messages.
#pragma once
#include <functional>
#include <memory>

#include "evaluation/exam.hpp"
#include "federation/turn.hpp"
#include "inputs/kept_features.hpp"

namespace fedorbit {

/// What a run is made of besides its inputs; it outlives its workshop.
struct Parts {
  Keys keys{0};
  std::unique_ptr<Partition> partition;
  std::shared_ptr<Learner> learner;
  std::shared_ptr<Strategy> strategy;
  std::unique_ptr<Codec> upload_codec, download_codec;

  /// What turns work with. The experiment and the batches outlive it too.
  Workshop workshop(const Experiment& experiment, const Batches& batches) const;
};

/// The parts that the experiment names, around a learner that trains on this device. Options that leave a choice to the
/// learner (training.group_size), to the seed (partition.seed) or to a file (partition.clients) are settled. Throws
/// where parts do not go together.
Parts assemble(Experiment& experiment, const Labelled& data, std::shared_ptr<Learner> learner, at::Device device);

/// The images of a run's splits, and of each at most evaluation.clients clients with theirs. The parts, the data and
/// the batches outlive it.
Questions questions_of(const Experiment& experiment, const Parts& parts, const Labelled& data, const Batches& batches);

/// What the experiment wants judged. `zero_shot` makes what labels by texts, when it is asked; it may be nothing. Probe
/// and neighbours look at `features`, and at those of the learner's encoder where it cannot label, or where there are
/// questions about another data set. The rest outlives the exams.
std::vector<std::unique_ptr<Exam>> exams_of(const Experiment& experiment, const Parts& parts,
                                            const Questions& questions, const KeptFeatures& features,
                                            std::function<Scorer()> zero_shot, Communicator& communicator,
                                            const Questions* downstream = nullptr);

}  // namespace fedorbit
