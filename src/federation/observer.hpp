// What a run tells those who watch it: the recorder, the log, the progress line. Only the root has observers.
// Records are of committed rounds; events tell also of rounds that are played again or discarded.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "algorithms/message.hpp"
#include "core/tensor.hpp"
#include "evaluation/score.hpp"
#include "federation/links.hpp"

namespace fedorbit {

/// One client's local training in one round.
struct TurnRecord {
  std::int64_t client, samples, steps;
  double loss;                      // mean over steps
  double drift;                     // Euclidean norm of (trained - received) shared weights
  FederatedBytes upload, download;  // what a real federation would send; the root puts down the second
  double seconds;                   // of its group, divided by the group's clients
  std::vector<double> diagnostics;  // in the order of RunRecord::diagnostics, mean over looks at the loss
};

/// One committed round; turns are in the order of their clients.
struct RoundRecord {
  std::int64_t round;    // from 0
  double loss;           // mean over clients, weighted as the aggregate is
  double update_norm;    // Euclidean norm of the step of the global shared parameters
  double total_seconds;  // on the root, with the evaluation after it; its parts are SpentRecords
  std::vector<TurnRecord> turns;
  std::int64_t lost_download_bytes = 0;  // to clients whose reports do not count
};

/// A client that was sent the model, in a real federation.
struct VirtualTurn {
  std::int64_t round, client, version;  // in which it ended; how many the model had seen
  std::string outcome = "counted";
  std::int64_t download_bytes;
  double start;  // s, since the first round began
  Trip trip;
};

struct VirtualRound {
  std::int64_t round;
  double start, seconds;  // since the first round began; of the round
  std::int64_t slowest;   // the client whose report that counts came last
};

/// Seconds by the clock that one rank spent on a phase of a round (comm/ledger.hpp), waits and moves included. Rounds
/// of -1 are before the first: the start, the encoding, the exams of what is not trained yet. The phases of a round may
/// come in two parts: its reports go to the root before its sum does, and the rest with the next round's.
struct SpentRecord {
  std::int64_t round;
  std::string phase;
  std::int64_t rank;
  double seconds;
};

/// What one rank moved in such a phase by one collective: the transport ledger.
struct TransportRecord {
  std::int64_t round;
  std::string phase;
  std::int64_t rank;
  std::string collective;
  std::int64_t calls, bytes;
  double waiting_seconds, transfer_seconds;
};

/// Who trained whom: it belongs to the transport ledger.
struct PlacementRecord {
  std::int64_t round, client, rank;
};

/// Something worth a line: warnings, dropped updates, signals, resumes.
struct EventRecord {
  std::int64_t round;
  std::string kind, message;
};

/// Who owns what; class counts are sparse (class, images).
struct ClientRecord {
  using Classes = std::vector<std::pair<std::int64_t, std::int64_t>>;
  std::int64_t client, train_samples, test_samples;
  Classes train_classes, test_classes;
  std::int64_t domain = -1;  // of all its images; -1 where they are of several
  std::int64_t validation_samples = 0, unseen_samples = 0;
  Classes validation_classes{}, unseen_classes{};
};

/// The shared parameters after so many rounds are the best so far: the run keeps them.
struct SelectionRecord {
  std::int64_t rounds_done;
  double accuracy;  // by which they were selected, see Selection
};

/// All that is known when a run starts.
struct RunRecord {
  std::string options_toml;                       // every option, resolved
  std::map<std::string, std::string> provenance;  // versions, hosts, command line, checksums, Slurm ids
  std::vector<std::string> class_names, domain_names;
  std::vector<std::string> diagnostics;  // names of TurnRecord::diagnostics
  std::vector<ClientRecord> clients;
};

class Observer {
 public:
  virtual ~Observer() = default;
  virtual void started(const RunRecord&) {}
  virtual void round_committed(const RoundRecord&) {}
  /// Comes before the round_committed() of the round that was evaluated, and before the first round: once for what is
  /// not trained, once for what is.
  virtual void evaluated(const std::vector<Score>&) {}
  /// Comes after the evaluation that it follows from.
  virtual void selected(const SelectionRecord&) {}
  virtual void confused(const std::vector<Confusion>&) {}
  virtual void templates_evaluated(const std::vector<TemplateRecord>&) {}
  /// What all ranks spent since they last said it, and what they moved in that time.
  virtual void transported(const std::vector<SpentRecord>&, const std::vector<TransportRecord>&) {}
  virtual void placed(const std::vector<PlacementRecord>&) {}
  /// Of rounds that do not take whole cohorts; the second where they go by seconds.
  virtual void scheduled(const std::vector<VirtualTurn>&, const std::vector<VirtualRound>&) {}
  virtual void happened(const EventRecord&) {}
  /// The shared tensors that the run ends with, by name, and the last word.
  virtual void finished(const std::vector<std::pair<std::string, Tensor>>& shared) {}
};

}  // namespace fedorbit
