// One thing that is judged, and what it may see of clients.
#pragma once
#include <vector>

#include "algorithms/strategy.hpp"
#include "core/client_id.hpp"
#include "evaluation/answers.hpp"

namespace fedorbit {

/// The images of one split, and whose they are.
struct SplitImages {
  std::string name;                                  // see namespace split
  bool unseen;                                       // whether its clients never train
  std::span<const std::int64_t> pool;                // of all clients, ascending
  std::vector<ClientId> clients;                     // who is judged one by one, ascending
  std::vector<std::vector<std::int64_t>> of_client;  // the images of each
  bool elsewhere = false;  // of another data set than the run's, whose classes and domains the results do not name
};

/// The images that exams ask about; it outlives the exams.
struct Questions {
  const Batches& batches;
  Labelled data;
  std::span<const std::int64_t> train;  // of all clients, ascending
  std::vector<ClientId> clients;        // of those that train, who is judged one by one: the clients of their splits
  std::vector<SplitImages> splits;      // those that have images
};

/// Appends the answers to a split's images: of all of them in one pool, of each class and domain that the results name,
/// and of each of its clients. `about` says the rest.
void append_split(std::vector<Score>& scores, const Answers& answers, const Questions& questions,
                  const SplitImages& images, Score about);

/// What exams see of clients; the federation implements it.
class Clients {
 public:
  virtual ~Clients() = default;
  /// Whether they start from anything but the server's parameters.
  virtual bool differ() const = 0;
  /// Collective: those groups of these clients that are judged on this rank, where they can arrive() from now on.
  virtual std::vector<std::vector<ClientId>> groups_here(const std::vector<ClientId>& clients) = 0;
  /// What the clients of one such group would start from now, valid until the next call. Nothing is billed, nothing
  /// that they keep changes.
  virtual const Parameters& arrive(const Server& server, const std::vector<ClientId>& group) = 0;
  /// Of a client that groups_here() was last asked for, on whatever rank it is judged.
  virtual bool has_trained(ClientId client) const = 0;
};

/// Every rank takes it together and finds the same.
class Exam {
 public:
  virtual ~Exam() = default;
  /// Whether it judges nothing that training changes: it is taken once, before the first round.
  virtual bool frozen() const { return false; }
  virtual std::vector<Score> take(const Server& server, Clients& clients) = 0;
  /// On the rank where `group` (K) has trained, before the aggregation, in rounds after which exams are taken: what
  /// each holds, and whether that is finite. Turns that are taken again come again, with the same.
  virtual void turn_ended(std::span<const ClientId> group, const std::vector<bool>& finite, const Parameters& trained) {
  }
};

}  // namespace fedorbit
