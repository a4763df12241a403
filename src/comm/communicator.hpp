// A group of ranks that move tensors together. The public half checks, waits, times and accounts; a backend overrides
// the private half, which only moves bytes.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "comm/ledger.hpp"
#include "comm/signature.hpp"
#include "core/tensor.hpp"

namespace fedorbit {

class Lifeline;
struct Pause;

/// Where a process stands among all processes and among those of its node.
struct Place {
  int rank = 0, size = 1;
  int local_rank = 0, local_size = 1;
};

/// Every rank calls the same collectives in the same order. Each first agrees with all ranks on what is called and
/// throws the same SharedError everywhere if they differ; a wrong argument throws an Error on its own rank before
/// anything is sent. Tensors are contiguous and defined; their device may be the CPU or the backend's.
class Communicator {
 public:
  virtual ~Communicator();
  Communicator(const Communicator&) = delete;
  Communicator& operator=(const Communicator&) = delete;

  /// The backend's name as the ledger and the factory know it.
  virtual std::string name() const = 0;
  /// What is to be known of how it moves what lies on a GPU, as a sentence; empty where nothing is.
  virtual std::string remark() const { return ""; }

  /// Where the backend moves tensors from without copying them to the host: the CPU, and perhaps a GPU of its own.
  virtual std::vector<at::Device> devices() const { return {at::kCPU}; }
  /// One of these, from which sums are to go; the same on every rank.
  at::Device device() const { return device_; }
  void move_from(at::Device device) { device_ = device; }

  int rank() const { return place_.rank; }
  int size() const { return place_.size; }
  bool root() const { return place_.rank == 0; }
  int local_rank() const { return place_.local_rank; }
  int local_size() const { return place_.local_size; }

  /// Every rank's tensor becomes the root's. Any type; the same number of elements everywhere.
  void broadcast(Tensor&);
  /// Elementwise over ranks, in place; float32, float64 or int64. Integer sums do not depend on the number of ranks.
  void all_reduce(Tensor&, Reduce = Reduce::sum);
  /// (size, ...): one row per rank. Any type and shape, the same number of elements everywhere.
  Tensor all_gather(const Tensor&);
  /// The same at the root alone; (0, ...) elsewhere.
  Tensor gather(const Tensor&);
  /// Sends to_each_rank[r], a float32 vector of any length, to rank r; returns what each rank sent here, in the order
  /// of ranks. Lengths need not be known to the receiver. The tensor to itself is handed back, not copied.
  std::vector<Tensor> exchange(std::vector<Tensor> to_each_rank);
  /// One text of any length from each rank.
  std::vector<std::string> all_gather_text(const std::string&);
  /// The host that each rank runs on.
  std::vector<std::string> host_names();
  /// Waits until every rank is here.
  void barrier();
  /// All ranks must hold the same `fingerprint`. `what` is a noun phrase for the sentence, as in "resolved options".
  void agree(const std::string& what, std::uint64_t fingerprint);

  /// One call of the library beneath, from `mine` into `of_all`: all_reduce (a sum), all_gather and exchange (equal
  /// shares), broadcast of `mine`, barrier. Nothing is agreed, sliced, staged or counted: it is what there is to
  /// compare with. False, and nothing done, where the library has no such call, or not for these tensors.
  virtual bool call_bare(Collective, Tensor& /*mine*/, Tensor& /*of_all*/) { return false; }

  /// Collective, once, and best at the start: from here on every rank ends soon after one has died (see Lifeline).
  void watch_ranks();
  /// What is then said besides: how to go on.
  void advise(std::string how_to_go_on);
  /// At the root: how long ranks stood still, since it was last asked.
  std::vector<Pause> take_pauses();

  Ledger& ledger() { return ledger_; }

 protected:
  explicit Communicator(Place place);

 private:
  /// Each number becomes the largest of all ranks', in host memory.
  virtual void find_largest(std::span<std::uint64_t> numbers) = 0;
  /// Gathers one block of bytes from each rank in host memory, in the order of ranks: for signatures that differ.
  virtual void gather_bytes(const void* mine, void* of_all, std::size_t bytes) = 0;
  /// Number r of `to` goes to rank r; number r of `from` came from there.
  virtual void trade_lengths(std::span<const std::int64_t> to, std::span<std::int64_t> from) = 0;
  virtual void move_broadcast(Tensor&) = 0;
  virtual void move_all_reduce(Tensor&, Reduce) = 0;
  /// `rows` is (size, ...) for a row of shape (...).
  virtual void move_all_gather(const Tensor& row, Tensor& rows) = 0;
  /// Message r goes to rank r and arrives in `from` of that rank, allocated in its length. Nothing moves for this rank
  /// itself nor for empty messages.
  virtual void move_messages(const std::vector<Tensor>& to, std::vector<Tensor>& from) = 0;

  void agree(Signature);
  /// Waits for all ranks and the device, then runs and times `move`.
  template <class Move>
  void account(const Signature&, const Tensor& of_device, std::int64_t bytes, Move move);

  Place place_;
  at::Device device_ = at::kCPU;
  Ledger ledger_;
  std::int64_t calls_ = 0;
  std::unique_ptr<Lifeline> lifeline_;
};

}  // namespace fedorbit
