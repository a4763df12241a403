// A profiling library in the sense of MPI's chapter on tools: preloaded into a program, it counts what the program asks
// MPI to move, and leaves `$COUNT_MPI.RANK` when MPI ends: a line "name calls bytes" each.
#include <mpi.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

struct Count {
  long long calls = 0, bytes = 0;
  void add(long long of_call) { ++calls, bytes += of_call; }
};

/// `to_itself` is what the lengths that were traded say of messages that never leave, in float32; `last_send` is that
/// of the very last MPI_Isend.
Count agreements, reductions, broadcasts, gathers, trades, sends, to_itself, last_send;

long long bytes_of(long long count, MPI_Datatype type) {
  int size = 0;
  PMPI_Type_size(type, &size);
  return count * size;
}

}  // namespace

extern "C" {

int MPI_Allreduce(const void* send, void* receive, int count, MPI_Datatype type, MPI_Op op, MPI_Comm comm) {
  (type == MPI_UINT64_T && op == MPI_MAX ? agreements : reductions).add(bytes_of(count, type));
  return PMPI_Allreduce(send, receive, count, type, op, comm);
}

int MPI_Bcast(void* data, int count, MPI_Datatype type, int root, MPI_Comm comm) {
  broadcasts.add(bytes_of(count, type));
  return PMPI_Bcast(data, count, type, root, comm);
}

int MPI_Allgather(const void* send, int count, MPI_Datatype type, void* receive, int receive_count,
                  MPI_Datatype receive_type, MPI_Comm comm) {
  gathers.add(bytes_of(count, type));
  return PMPI_Allgather(send, count, type, receive, receive_count, receive_type, comm);
}

int MPI_Alltoall(const void* send, int count, MPI_Datatype type, void* receive, int receive_count,
                 MPI_Datatype receive_type, MPI_Comm comm) {
  int size = 0, rank = 0;
  PMPI_Comm_size(comm, &size);
  PMPI_Comm_rank(comm, &rank);
  trades.add(size * bytes_of(count, type));
  to_itself.add(static_cast<const std::int64_t*>(send)[rank] * static_cast<long long>(sizeof(float)));
  return PMPI_Alltoall(send, count, type, receive, receive_count, receive_type, comm);
}

int MPI_Isend(const void* data, int count, MPI_Datatype type, int to, int tag, MPI_Comm comm, MPI_Request* request) {
  sends.add(bytes_of(count, type));
  last_send = {1, bytes_of(count, type)};
  return PMPI_Isend(data, count, type, to, tag, comm, request);
}

int MPI_Finalize() {
  int rank = 0;
  PMPI_Comm_rank(MPI_COMM_WORLD, &rank);
  if (const char* place = std::getenv("COUNT_MPI"))
    if (std::FILE* file = std::fopen((std::string(place) + "." + std::to_string(rank)).c_str(), "w")) {
      const auto line = [&](const char* name, const Count& count) {
        std::fprintf(file, "%s %lld %lld\n", name, count.calls, count.bytes);
      };
      line("agree", agreements), line("all_reduce", reductions), line("broadcast", broadcasts);
      line("all_gather", gathers), line("trade", trades), line("send", sends);
      line("to_itself", to_itself), line("last_send", last_send);
      std::fclose(file);
    }
  return PMPI_Finalize();
}

}  // extern "C"
