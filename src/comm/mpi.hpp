// The communicator over MPI, and the session in which MPI runs.
#pragma once
#include <mpi.h>

#include <memory>
#include <source_location>

#include "comm/communicator.hpp"

namespace fedorbit {

/// Throws an Error with MPI's own words unless `code` is MPI_SUCCESS.
void check_mpi(int code, std::source_location = std::source_location::current());

/// Starts MPI if nobody has, and ends what it started. While an exception unwinds it leaves MPI running, because to
/// end it takes all ranks: whoever catches the exception aborts.
class MpiSession {
 public:
  MpiSession();
  ~MpiSession();
  MpiSession(const MpiSession&) = delete;
  MpiSession& operator=(const MpiSession&) = delete;

  /// The session of this process, started at the first call; it ends with the last who holds it.
  static std::shared_ptr<MpiSession> shared();

 private:
  bool started_ = false;
  int exceptions_ = 0;
};

/// A communicator of its own over MPI_COMM_WORLD. Messages longer than `slice_bytes` travel in slices, since MPI 3
/// counts in int, and MPI keeps as much memory again as it reduces at once. Tensors on a device are staged through
/// pinned host memory: that works with every MPI.
class MpiCommunicator : public Communicator {
 public:
  static constexpr std::int64_t default_slice_bytes = std::int64_t(1) << 26;

  explicit MpiCommunicator(std::int64_t slice_bytes = default_slice_bytes);
  ~MpiCommunicator() override;
  std::string name() const override { return "mpi"; }

 protected:
  void move_broadcast(Tensor&) override;
  void move_all_reduce(Tensor&, Reduce) override;
  void move_all_gather(const Tensor& row, Tensor& rows) override;
  void move_messages(const std::vector<Tensor>& to, std::vector<Tensor>& from) override;

 private:
  /// The duplicated MPI_Comm, freed where that is safe (see MpiSession).
  class Channel {
   public:
    Channel();
    ~Channel();
    operator MPI_Comm() const { return handle_; }

   private:
    std::shared_ptr<MpiSession> session_ = MpiSession::shared();
    MPI_Comm handle_ = MPI_COMM_NULL;
    int exceptions_;
  };

  MpiCommunicator(std::unique_ptr<Channel>, std::int64_t slice_bytes);
  void find_largest(std::span<std::uint64_t> numbers) override;
  void gather_bytes(const void* mine, void* of_all, std::size_t bytes) override;
  void trade_lengths(std::span<const std::int64_t> to, std::span<std::int64_t> from) override;
  void broadcast_bytes(std::byte* data, std::int64_t bytes, int from);

  std::unique_ptr<Channel> channel_;
  std::int64_t slice_bytes_;
};

}  // namespace fedorbit
