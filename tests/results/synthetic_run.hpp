// A made-up run of a few clients, told to observers as the simulation would: the same numbers at every call, except
// for seconds, ranks and hosts.
#pragma once
#include <ATen/ops/arange.h>

#include <cmath>
#include <string>

#include "evaluation/answers.hpp"
#include "federation/observer.hpp"

namespace fedorbit {

struct SyntheticRun {
  std::int64_t clients = 6, rounds = 5, ranks = 2;
  double slowness = 1;  // factor on all seconds
  double loss_shift = 0;
  bool divided = false;  // whether there are validation images, and unseen clients

  RunRecord start() const {
    RunRecord run;
    run.options_toml = "[run]\nrounds = " + std::to_string(rounds) + "\nseed = 1\n";
    run.provenance = {{"program_version", "0.1.0"},
                      {"commit", "0000000"},
                      {"command_line", "fedorbit run demo.toml"},
                      {"hosts", "node" + std::to_string(ranks)},
                      {"ranks", std::to_string(ranks)}};
    run.class_names = {"forest", "storage tanks", "côte"};
    run.domain_names = {"aerial", "satellite"};
    run.diagnostics = {"alignment_loss", "transport_iterations"};
    for (std::int64_t k = 0; k < clients; ++k)
      run.clients.push_back({k, 20 + k, 5, {{0, 10}, {k % 2 + 1, 10 + k}}, {{0, 5}}, k % 3 - 1});
    if (divided) {
      for (ClientRecord& client : run.clients) client.validation_samples = 4, client.validation_classes = {{0, 4}};
      run.clients.push_back({clients, 0, 0, {}, {}, -1, 0, 9, {}, {{2, 9}}});
    }
    return run;
  }

  RoundRecord round(std::int64_t r) const {
    RoundRecord record{r, 1.5 / double(r + 1) + loss_shift, 0.1 / double(r + 1), 2.7 * slowness, {}};
    for (std::int64_t k = 0; k < clients; ++k)
      record.turns.push_back({k,
                              20 + k,
                              2,
                              record.loss + 0.01 * double(k),
                              0.2,
                              {8000, 128, 64},
                              {4096, 2048, 2048},
                              0.3 * slowness,
                              {0.5 / double(r + 1), 12 + double(k)}});
    return record;
  }

  std::vector<Score> scores(std::int64_t r) const {
    const double share = 1 - std::exp(-double(r) / 3);
    const std::int64_t right = std::int64_t(10 + 15 * share);
    std::vector<Score> scores;
    Score of{.round = r,
             .scope = r == 0 ? scope::frozen : scope::global,
             .split = split::test,
             .task = r == 0 ? task::zero_shot : task::labelling};
    append(scores, of, {right, 30, 33});
    for (std::int64_t c = 0; c < 3; ++c) {
      of.label = c;
      append(scores, of, {c == 0 ? right - 2 : 1, c == 0 ? 20 : 5, 0}, false);
    }
    for (std::int64_t k = 0; k < clients; ++k)
      append(scores, {.round = r, .scope = scope::personal, .split = split::test, .client = k, .task = task::labelling},
             {std::int64_t(1 + 3 * share) + k % 2, 5, 6}, false);
    if (!divided || r == 0) return scores;
    of.label = any;
    of.split = split::validation;
    append(scores, of, {std::int64_t(r == 2 ? 20 : 12), 24, 10}, false);
    of.split = split::unseen;
    append(scores, of, {std::int64_t(3), 9, 10}, false);
    return scores;
  }

  /// What was taken for what, as an evaluation tells it.
  std::vector<Confusion> confusions() const {
    return {{0, scope::frozen, split::all, task::zero_shot, {18, 2, 0, 1, 4, 0, 0, 0, 5}}};
  }

  std::vector<TransportRecord> ledger(std::int64_t r) const {
    std::vector<TransportRecord> ledger;
    for (std::int64_t rank = 0; rank < ranks; ++rank) {
      ledger.push_back({r, "sum", rank, "all_reduce", 2, 8200, 0.01 * double(rank) * slowness, 0.001});
      ledger.push_back({r, "small message", rank, "broadcast", 1, 8192, 0.002, 0.0005});
    }
    return ledger;
  }

  std::vector<SpentRecord> phases(std::int64_t r) const {
    std::vector<SpentRecord> phases;
    for (std::int64_t rank = 0; rank < ranks; ++rank) {
      phases.push_back({r, "training", rank, 2.0});
      phases.push_back({r, "sum", rank, 0.001 + 0.01 * double(rank) * slowness});
      phases.push_back({r, "small message", rank, 0.0025});
    }
    return phases;
  }

  std::vector<PlacementRecord> ranks_of(std::int64_t r) const {
    std::vector<PlacementRecord> out;
    for (std::int64_t k = 0; k < clients; ++k) out.push_back({r, k, k % ranks});
    return out;
  }

  std::vector<std::pair<std::string, Tensor>> shared() const {
    return {{"prompt.context", at::arange(8, at::kFloat).reshape({2, 4})}, {"scale", at::arange(1, at::kFloat)}};
  }

  /// Rounds `first` to `last`, each with its ledger and the scores after it.
  void play(Observer& observer, std::int64_t first, std::int64_t last) const {
    for (std::int64_t r = first; r <= last; ++r) {
      observer.round_committed(round(r));
      observer.transported(phases(r), ledger(r));
      observer.placed(ranks_of(r));
      observer.evaluated(scores(r + 1));
      if (divided && r < 2) observer.selected({r + 1, r == 0 ? 0.5 : 0.8});
    }
  }

  void whole(Observer& observer) const {
    observer.started(start());
    observer.evaluated(scores(0));
    observer.confused(confusions());
    observer.happened({0, "warning", "client 3 holds one class only"});
    play(observer, 0, rounds - 1);
    observer.finished(shared());
  }
};

}  // namespace fedorbit
