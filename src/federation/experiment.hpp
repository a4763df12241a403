// All options of an experiment: what a configuration file can say.
#pragma once
#include "algorithms/optimiser.hpp"
#include "algorithms/registry.hpp"
#include "core/options.hpp"
#include "data/augment.hpp"
#include "data/synthetic.hpp"
#include "evaluation/downstream.hpp"
#include "evaluation/fitted_task.hpp"
#include "federation/links.hpp"
#include "federation/schedule.hpp"
#include "inputs/live_images.hpp"
#include "inputs/sources.hpp"
#include "model/prompts/engine.hpp"

namespace fedorbit {

/// Steps that a client takes in a turn, and in each epoch of it: its last batch of an epoch may be short.
struct LocalSteps {
  std::int64_t per_epoch, all;
};

struct TrainingOptions {
  std::int64_t rounds = 50, local_epochs = 1, batch_size = 32, smallest_batch = 1, accumulate = 1, group_size = 0;
  double participation = 1;
  std::string aggregation = "exact", nonfinite = "error";
  /// Images that a local step goes through at once.
  std::int64_t at_once() const { return (batch_size + accumulate - 1) / accumulate; }
  LocalSteps local_steps(std::int64_t samples) const {
    const std::int64_t rest = samples % batch_size;
    const std::int64_t per_epoch = samples / batch_size + (rest > 0 && rest >= smallest_batch);
    return {per_epoch, local_epochs * per_epoch};
  }
  void fields(OptionList& v) {
    v("rounds", rounds, "rounds", "how many rounds", 0, 1e9);
    v("local_epochs", local_epochs, "epochs", "passes over its images that a client makes in a turn", 1, 1e6);
    v("batch_size", batch_size, "images", "images of a local step; the last of an epoch may have fewer", 1, 1e6);
    v("smallest_batch", smallest_batch, "images", "a last batch of an epoch that has fewer is skipped", 1, 1e6);
    v("accumulate", accumulate, "parts",
      "in which a local step goes through its batch, to need less memory: gradients add up; what a loss compares "
      "within a batch, and BatchNorm's statistics, are then within a part (the last one's are kept)",
      1, 1e6);
    v("participation", participation, "",
      "share of clients in a round, to the nearest whole number of them; at least one takes part", 0, 1);
    v("group_size", group_size, "clients",
      "clients trained together in one batch of arithmetic; 0: as the learner has it, prompts 5 on a CPU, where 1, 2, "
      "4 and 8 ranks then share 40 evenly, and 20 on a GPU",
      0, 1e6);
    v("aggregation", aggregation,
      "exact: integers, independent of ranks and order; float64, float32: for very long vectors, repeatable for the "
      "same ranks only",
      {"exact", "float64", "float32"});
    v("nonfinite", nonfinite, "a client whose update is not finite ends the run, or is dropped", {"error", "drop"});
  }
};

struct EvaluationOptions : FittedOptions {
  std::int64_t every = 10, clients = 1000;
  bool trained = false, personal_encoders = false;
  std::string select = "none";
  void fields(OptionList& v) {
    v("every", every, "rounds", "between evaluations; the last round is always evaluated", 1, 1e9);
    v("clients", clients, "clients", "how many clients are judged one by one, at most", 0, 1e9);
    v("linear_probe", linear_probe, "whether a linear classifier of the same features is fitted for comparison");
    v("neighbours", neighbours, "whether images are labelled by their nearest training images for comparison");
    v("k", k, "images", "how many neighbours vote", 1, 1e6);
    v("temperature", temperature, "", "a neighbour's vote is exp(cosine / temperature)", 1e-3, 1e3);
    v("shots", shots,
      "also by linear classifiers fitted to so few labelled images of each class, in the mean over draws, where an "
      "encoder is judged; several numbers separated by semicolons, as in 1;5;10");
    v("draws", draws, "draws", "of those images", 1, 1e4);
    v("personal_encoders", personal_encoders,
      "whether the encoder that each client would start from is judged as the server's is, after the last round; that "
      "takes as long for each client");
    v("trained", trained,
      "whether each client of an evaluated round is also judged right after its local training, which takes that long "
      "again as the personal scores");
    v("select", select,
      "which round's shared parameters the run ends with: none: the last; validation: of the evaluated rounds that "
      "with "
      "the best mean over clients of the global model's accuracy on their validation images",
      {"none", "validation"});
  }
};

struct CheckpointOptions {
  std::int64_t every = 10;
  void fields(OptionList& v) { v("every", every, "rounds", "between checkpoints", 1, 1e9); }
};

struct MachineOptions {
  std::string backend = "auto", device = "cpu";
  std::int64_t threads = 1, readers = 0;
  double image_memory = 1, client_memory = 1;
  std::string scratch;
  bool graph = true;
  std::int64_t client_bytes() const { return std::int64_t(client_memory * (1 << 30)); }
  void fields(OptionList& v) {
    v("backend", backend,
      "how ranks move tensors; auto: mpi where there is more than one rank, and where each trains on a GPU of its own "
      "mpi or nccl, whichever sums what this run sums sooner when that is tried at the start",
      {"auto", "single", "mpi", "nccl"});
    v("device", device, "where clients are trained; cuda: the GPU of the rank's place on its node", {"cpu", "cuda"});
    v("graph", graph, "whether a GPU records a group's step and replays it (CUDA graph), where the method allows it");
    v("threads", threads, "threads", "of each rank's arithmetic; ranks scale better than threads", 1, 1024);
    v("readers", readers, "threads",
      "of each rank that read, crop and normalise images ahead of its arithmetic, where clients train on images; 0: "
      "one, "
      "or as many more as ranks and their threads leave cores of the node idle, 8 at most",
      0, 1024);
    v("image_memory", image_memory, "GiB",
      "of decoded images that each rank keeps, where clients train on images, so that they are not read again", 0, 1e6);
    v("client_memory", client_memory, "GiB",
      "of what clients keep from turn to turn (personal parameters, control variates, residuals) that each rank has in "
      "memory; the rest lies in a file",
      0, 1e6);
    v("scratch", scratch,
      "folder in which each rank has that file, which has no name and goes with its process; empty: the one that "
      "TMPDIR "
      "names, where it lies on a disk, else the run directory");
  }
};

struct Experiment {
  std::string name = "experiment";
  std::int64_t seed = 1;
  DataOptions data;
  SyntheticOptions synthetic;
  ModelOptions model;
  ViewOptions views;
  LiveImageOptions images;
  PartitionOptions partition;
  MethodOptions method;
  LearnerOptions learner;
  EngineOptions engine;
  StrategyOptions strategy;
  UploadOptions upload;
  CodecOptions download;
  OptimiserOptions optimiser;
  TrainingOptions training;
  ScheduleOptions schedule;
  LinkOptions links;
  EvaluationOptions evaluation;
  DownstreamOptions downstream;
  CheckpointOptions checkpoint;
  MachineOptions machine;

  void fields(OptionList& v) {
    v("name", name, "what the experiment is called in reports");
    v("seed", seed, "", "of all random numbers", 0, 9e15);
    v.section("data", data);
    v.section("synthetic", synthetic);
    v.section("model", model);
    v.section("views", views);
    v.section("images", images);
    v.section("partition", partition);
    v.section("method", method);
    learner.fields(v);
    v.section("engine", engine);
    strategy.fields(v);
    v.section("upload", upload);
    v.section("download", download);
    v.renamed("method.upload_codec", "upload.codec");
    v.renamed("method.download_codec", "download.codec");
    v.section("optimiser", optimiser);
    v.section("training", training);
    v.section("schedule", schedule);
    v.section("links", links);
    v.section("evaluation", evaluation);
    v.section("downstream", downstream);
    v.section("checkpoint", checkpoint);
    v.section("machine", machine);
  }
};

}  // namespace fedorbit
