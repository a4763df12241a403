// Which communicator a name gives, and what is said where there is none.
#include "comm/factory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mpi.h>

#include "core/error.hpp"

namespace fedorbit {
namespace {

std::string sentence(const std::string& backend) {
  try {
    return make_communicator(backend)->name() + " was made";
  } catch (const Error& error) {
    return error.what();
  }
}

}  // namespace

TEST(Factory, Makes_the_backend_that_is_named) {
  EXPECT_EQ(make_communicator("single")->name(), "single");
  EXPECT_EQ(make_communicator("mpi")->name(), "mpi");
}

TEST(Factory, Auto_is_mpi_exactly_where_more_than_one_rank_was_started) {
  int ranks = 0;
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  const auto comm = make_communicator("auto");
  EXPECT_EQ(comm->name(), ranks > 1 ? "mpi" : "single");
  EXPECT_EQ(comm->size(), ranks);
}

TEST(Factory, An_unknown_backend_is_answered_with_those_there_are) {
  EXPECT_THAT(sentence("gloo"), testing::AllOf(testing::HasSubstr("\"gloo\""), testing::HasSubstr("\"mpi\"")));
}

TEST(Factory, Nccl_without_the_build_or_the_gpus_for_it_says_so) {
  EXPECT_THAT(sentence("nccl"), testing::AnyOf(testing::HasSubstr("not part of this build"),
                                               testing::HasSubstr("nccl was made"), testing::HasSubstr("GPU")));
}

}  // namespace fedorbit
