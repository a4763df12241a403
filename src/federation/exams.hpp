// What a run is judged by: which images it is asked about, and the exams that it takes.
#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "evaluation/exam.hpp"
#include "federation/assemble.hpp"
#include "inputs/kept_features.hpp"

namespace fedorbit {

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
