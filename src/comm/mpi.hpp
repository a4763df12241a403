// The communicator over MPI, and the session in which MPI runs.
#pragma once
#include <mpi.h>

#include <memory>
#include <optional>
#include <source_location>
#include <string>

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
/// counts in int, and MPI keeps as much memory again as it reduces at once. Tensors on a GPU are staged through pinned
/// host memory, which works with every MPI, or handed to MPI as they lie.
class MpiCommunicator : public Communicator {
 public:
  static constexpr std::int64_t default_slice_bytes = std::int64_t(1) << 24;

  explicit MpiCommunicator(std::int64_t slice_bytes = default_slice_bytes);
  ~MpiCommunicator() override;
  std::string name() const override { return gpu_ ? "mpi_device" : "mpi"; }
  std::string remark() const override { return remark_; }
  std::vector<at::Device> devices() const override;

  bool call_bare(Collective, Tensor& mine, Tensor& of_all) override;

  /// From here on MPI is handed this GPU's memory; the same on every rank.
  void hand_over(at::Device gpu);
  /// It is not, and why.
  void stage_on_host(const std::string& why);

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

  /// The tensor itself where MPI reaches it, else pinned host memory of its shape.
  Tensor space_for(const Tensor& tensor) const;
  Tensor staged(const Tensor& tensor) const;
  bool reaches(const Tensor& tensor) const { return tensor.is_cpu() || tensor.device() == gpu_; }

  std::unique_ptr<Channel> channel_;
  std::int64_t slice_bytes_;
  std::optional<at::Device> gpu_;
  std::string remark_;
};

}  // namespace fedorbit
