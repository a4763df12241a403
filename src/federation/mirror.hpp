// What clients hold of what the server sent: a download that loses something is the difference from it, so that what
// one message could not say is in the next.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/tensor.hpp"
#include "federation/schedule.hpp"

namespace fedorbit {

/// One vector that goes through the codec, as a client holds it that has all messages so far: the first of them is the
/// whole vector as it is, and each later one says by how much that is to change.
struct Held {
  Tensor values;  // (P)
  /// What the latest of the later messages weigh, the oldest first: as many as weigh less together than the whole.
  std::vector<std::int64_t> bytes{};

  /// After another message, whose vector weighs `whole` bytes as it is.
  void advance(const Tensor& read, std::int64_t message_bytes, std::int64_t whole);
  /// What a client is billed for the message in hand that was sent the one so many rounds ago: all that it missed and
  /// this one, or the whole, if that is less.
  std::int64_t bill(std::int64_t rounds_since, std::int64_t message_bytes, std::int64_t whole) const;
};

/// Empty before the first round, and where downloads lose nothing. What clients hold is the same on every rank; who was
/// sent what, which grows with the clients that have taken part, is the root's business, as bills are.
class Mirror {
 public:
  /// By the names of messages: what a checkpoint holds. Who was sent what follows from the schedule.
  using Contents = std::map<std::string, Held>;

  const Contents& contents() const { return contents_; }
  void restore(const Contents& contents) { contents_ = contents; }

  /// What this client is billed for the message of that name in `round`, which weighs `bytes`, its vector `whole`:
  /// nothing where it was sent it in this round.
  std::int64_t bill(const std::string& name, ClientId client, std::int64_t round, std::int64_t bytes,
                    std::int64_t whole) const;
  /// After a round: clients hold what they `read` of that message.
  void advance(const std::string& name, const Tensor& read, std::int64_t bytes, std::int64_t whole);
  /// This client was sent the messages of a round; said again of all rounds before where a run goes on.
  void sent(const Report& report) { last_[report.client] = report.version; }

 private:
  Contents contents_;
  std::unordered_map<ClientId, std::int64_t> last_;  // the last round in which a client was sent something
};

}  // namespace fedorbit
