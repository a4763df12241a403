// Starts MPI once for every test program; a failure on any rank fails the program.
#include <gtest/gtest.h>
#include <mpi.h>

#include <cstdlib>

int main(int count, char** arguments) {
  setenv("OMP_NUM_THREADS", "1", 0);
  MPI_Init(&count, &arguments);
  testing::InitGoogleTest(&count, arguments);
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  if (rank != 0)
    delete testing::UnitTest::GetInstance()->listeners().Release(
        testing::UnitTest::GetInstance()->listeners().default_result_printer());
  int failed = RUN_ALL_TESTS(), any = 0;
  if (failed && rank != 0) std::fprintf(stderr, "rank %d: a test failed\n", rank);
  MPI_Allreduce(&failed, &any, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
  MPI_Finalize();
  return any;
}
