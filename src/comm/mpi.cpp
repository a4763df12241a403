#include "comm/mpi.hpp"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <exception>
#include <limits>

#include "comm/factory.hpp"
#include "core/error.hpp"

namespace fedorbit {
namespace {

Place place(MPI_Comm world) {
  Place place;
  check_mpi(MPI_Comm_rank(world, &place.rank));
  check_mpi(MPI_Comm_size(world, &place.size));
  MPI_Comm node = MPI_COMM_NULL;
  check_mpi(MPI_Comm_split_type(world, MPI_COMM_TYPE_SHARED, place.rank, MPI_INFO_NULL, &node));
  check_mpi(MPI_Comm_rank(node, &place.local_rank));
  check_mpi(MPI_Comm_size(node, &place.local_size));
  check_mpi(MPI_Comm_free(&node));
  return place;
}

MPI_Datatype mpi_type(const Tensor& tensor) {
  switch (tensor.scalar_type()) {
    case at::kFloat:
      return MPI_FLOAT;
    case at::kDouble:
      return MPI_DOUBLE;
    case at::kLong:
      return MPI_INT64_T;
    default:
      fail("MPI was asked to reduce ", c10::toString(tensor.scalar_type()), " values.");
  }
}

std::byte* bytes_of(const Tensor& tensor) { return static_cast<std::byte*>(tensor.mutable_data_ptr()); }

/// Calls `move(offset, count)` for consecutive pieces of at most `limit` of `total` things.
template <class Move>
void in_slices(std::int64_t total, std::int64_t limit, Move move) {
  for (std::int64_t offset = 0; offset < total; offset += limit) move(offset, int(std::min(limit, total - offset)));
}

void back_to(const Tensor& tensor, const Tensor& staged) {
  if (!staged.is_same(tensor)) tensor.detach().copy_(staged);
}

}  // namespace

void check_mpi(int code, std::source_location where) {
  if (code == MPI_SUCCESS) return;
  char words[MPI_MAX_ERROR_STRING];
  int length = 0;
  MPI_Error_string(code, words, &length);
  fail("MPI failed in ", where.function_name(), " (line ", where.line(), "): ", std::string(words, std::size_t(length)),
       ".");
}

MpiSession::MpiSession() : exceptions_(std::uncaught_exceptions()) {
  int running = 0, ended = 0;
  MPI_Initialized(&running);
  MPI_Finalized(&ended);
  require(!ended, "MPI has already ended in this process and cannot start again.");
  if (!running) {
    int provided = 0;
    check_mpi(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided));
    started_ = true;
    require(provided >= MPI_THREAD_FUNNELED,
            "this MPI library does not allow threads beside the one that calls it; "
            "use one built with thread support.");
  }
  check_mpi(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN));
}

MpiSession::~MpiSession() {
  if (started_ && std::uncaught_exceptions() <= exceptions_) MPI_Finalize();
}

std::shared_ptr<MpiSession> MpiSession::shared() {
  static std::weak_ptr<MpiSession> current;
  std::shared_ptr<MpiSession> session = current.lock();
  if (!session) current = session = std::make_shared<MpiSession>();
  return session;
}

MpiCommunicator::Channel::Channel() : exceptions_(std::uncaught_exceptions()) {
  check_mpi(MPI_Comm_dup(MPI_COMM_WORLD, &handle_));
  check_mpi(MPI_Comm_set_errhandler(handle_, MPI_ERRORS_RETURN));
}

MpiCommunicator::Channel::~Channel() {
  if (std::uncaught_exceptions() <= exceptions_) MPI_Comm_free(&handle_);
}

MpiCommunicator::MpiCommunicator(std::int64_t slice_bytes)
    : MpiCommunicator(std::make_unique<Channel>(), slice_bytes) {}

MpiCommunicator::MpiCommunicator(std::unique_ptr<Channel> channel, std::int64_t slice_bytes)
    : Communicator(place(*channel)), channel_(std::move(channel)), slice_bytes_(slice_bytes) {
  require(slice_bytes >= 8, "MPI messages cannot be cut into slices of ", slice_bytes,
          " bytes; a value takes up to 8.");
}

MpiCommunicator::~MpiCommunicator() = default;

std::vector<at::Device> MpiCommunicator::devices() const {
  if (gpu_) return {at::kCPU, *gpu_};
  return {at::kCPU};
}

void MpiCommunicator::hand_over(at::Device gpu) {
  gpu_ = gpu;
  remark_ = "MPI is handed GPU memory as it lies there.";
}

void MpiCommunicator::stage_on_host(const std::string& why) {
  remark_ = text("GPU memory goes through pinned host memory: ", why, ".");
}

Tensor MpiCommunicator::space_for(const Tensor& tensor) const {
  if (reaches(tensor)) return tensor;
  return at::empty(tensor.sizes(), tensor.options().device(at::kCPU).pinned_memory(true));
}

Tensor MpiCommunicator::staged(const Tensor& tensor) const {
  const Tensor space = space_for(tensor);
  return space.is_same(tensor) ? tensor : space.copy_(tensor.detach());
}

void MpiCommunicator::find_largest(std::span<std::uint64_t> numbers) {
  check_mpi(MPI_Allreduce(MPI_IN_PLACE, numbers.data(), int(numbers.size()), MPI_UINT64_T, MPI_MAX, *channel_));
}

void MpiCommunicator::gather_bytes(const void* mine, void* of_all, std::size_t bytes) {
  check_mpi(MPI_Allgather(mine, int(bytes), MPI_BYTE, of_all, int(bytes), MPI_BYTE, *channel_));
}

void MpiCommunicator::trade_lengths(std::span<const std::int64_t> to, std::span<std::int64_t> from) {
  check_mpi(MPI_Alltoall(to.data(), 1, MPI_INT64_T, from.data(), 1, MPI_INT64_T, *channel_));
}

void MpiCommunicator::broadcast_bytes(std::byte* data, std::int64_t bytes, int from) {
  in_slices(bytes, slice_bytes_, [&](std::int64_t offset, int count) {
    check_mpi(MPI_Bcast(data + offset, count, MPI_BYTE, from, *channel_));
  });
}

void MpiCommunicator::move_broadcast(Tensor& tensor) {
  const Tensor moved = root() ? staged(tensor) : space_for(tensor);
  broadcast_bytes(bytes_of(moved), std::int64_t(moved.nbytes()), 0);
  back_to(tensor, moved);
}

void MpiCommunicator::move_all_reduce(Tensor& tensor, Reduce reduce) {
  const Tensor moved = staged(tensor);
  const std::int64_t size = moved.element_size();
  in_slices(moved.numel(), slice_bytes_ / size, [&](std::int64_t offset, int count) {
    check_mpi(MPI_Allreduce(MPI_IN_PLACE, bytes_of(moved) + offset * size, count, mpi_type(moved),
                            reduce == Reduce::sum ? MPI_SUM : MPI_MAX, *channel_));
  });
  back_to(tensor, moved);
}

void MpiCommunicator::move_all_gather(const Tensor& row, Tensor& rows) {
  const Tensor moved = staged(row), gathered = space_for(rows);
  const auto bytes = std::int64_t(moved.nbytes());
  if (bytes <= slice_bytes_ / size()) {
    gather_bytes(bytes_of(moved), bytes_of(gathered), std::size_t(bytes));
  } else {
    gathered[rank()].copy_(moved.detach());
    for (int owner = 0; owner < size(); ++owner) broadcast_bytes(bytes_of(gathered) + owner * bytes, bytes, owner);
  }
  back_to(rows, gathered);
}

void MpiCommunicator::move_messages(const std::vector<Tensor>& to, std::vector<Tensor>& from) {
  constexpr int tag = 1;  // slices of one message arrive in the order in which they were sent
  std::vector<Tensor> leaving(to.size()), arriving(to.size());
  std::vector<MPI_Request> requests;
  for (int other = 0; other < size(); ++other) {
    if (other == rank()) continue;
    arriving[other] = space_for(from[other]);
    in_slices(std::int64_t(arriving[other].nbytes()), slice_bytes_, [&](std::int64_t offset, int count) {
      check_mpi(MPI_Irecv(bytes_of(arriving[other]) + offset, count, MPI_BYTE, other, tag, *channel_,
                          &requests.emplace_back()));
    });
  }
  for (int step = 1; step < size(); ++step) {
    const int other = (rank() + step) % size();  // each rank starts with another receiver
    leaving[other] = staged(to[other]);
    in_slices(std::int64_t(leaving[other].nbytes()), slice_bytes_, [&](std::int64_t offset, int count) {
      check_mpi(MPI_Isend(bytes_of(leaving[other]) + offset, count, MPI_BYTE, other, tag, *channel_,
                          &requests.emplace_back()));
    });
  }
  check_mpi(MPI_Waitall(int(requests.size()), requests.data(), MPI_STATUSES_IGNORE));
  for (int other = 0; other < size(); ++other)
    if (other != rank()) back_to(from[other], arriving[other]);
}

bool MpiCommunicator::call_bare(Collective collective, Tensor& mine, Tensor& of_all) {
  if (!reaches(mine) || mine.nbytes() > std::size_t(std::numeric_limits<int>::max())) return false;
  const auto bytes = int(mine.nbytes());
  switch (collective) {
    case Collective::all_reduce:
      check_mpi(MPI_Allreduce(bytes_of(mine), bytes_of(of_all), int(mine.numel()), mpi_type(mine), MPI_SUM, *channel_));
      return true;
    case Collective::broadcast:
      check_mpi(MPI_Bcast(bytes_of(mine), bytes, MPI_BYTE, 0, *channel_));
      return true;
    case Collective::all_gather:
      check_mpi(MPI_Allgather(bytes_of(mine), bytes, MPI_BYTE, bytes_of(of_all), bytes, MPI_BYTE, *channel_));
      return true;
    case Collective::exchange:
      check_mpi(MPI_Alltoall(bytes_of(mine), bytes / size(), MPI_BYTE, bytes_of(of_all), bytes / size(), MPI_BYTE,
                             *channel_));
      return true;
    case Collective::barrier:
      check_mpi(MPI_Barrier(*channel_));
      return true;
    case Collective::agree:
    case Collective::gather:
      break;
  }
  return false;
}

std::string mpi_library_version() {
  char words[MPI_MAX_LIBRARY_VERSION_STRING];
  int length = 0;
  check_mpi(MPI_Get_library_version(words, &length));
  const std::string all(words, std::size_t(length));
  return all.substr(0, all.find_first_of(",\n"));
}

}  // namespace fedorbit
