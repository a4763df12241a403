// What is measured of a collective: sizes, checked results, and the model fitted to them.
#include "comm/benchmark.hpp"

#include <ATen/TensorOperators.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "comm/mpi.hpp"
#include "comm/single.hpp"
#include "core/error.hpp"
#include "support/checks.hpp"

namespace fedorbit {
namespace {

/// Its sums come out wrong in their first number, and so do those of the library beneath.
class Faulty final : public MpiCommunicator {
 public:
  bool call_bare(Collective collective, Tensor& mine, Tensor& of_all) override {
    const bool called = MpiCommunicator::call_bare(collective, mine, of_all);
    if (of_all.numel() > 0) of_all[0] += 1;
    return called;
  }

 private:
  void move_all_reduce(Tensor& tensor, Reduce reduce) override {
    MpiCommunicator::move_all_reduce(tensor, reduce);
    if (tensor.scalar_type() == at::kFloat) tensor[0] += 1;
  }
};

TEST(Benchmark, finds_every_result_of_every_collective_right) {
  MpiCommunicator communicator;
  for (const Collective collective : {Collective::all_reduce, Collective::broadcast, Collective::all_gather,
                                      Collective::exchange, Collective::barrier}) {
    const std::int64_t bytes = collective == Collective::barrier ? 0 : 4 * 60 * communicator.size();
    const Measured measured = measure({collective, at::kFloat, at::kCPU, bytes}, 1, 3, communicator);
    EXPECT_EQ(measured.wrong, 0) << name(collective);
    EXPECT_EQ(measured.calls, 3);
    EXPECT_LE(measured.lowest, measured.mean);
    EXPECT_LE(measured.mean, measured.highest);
    EXPECT_GT(measured.bare, 0);
  }
}

TEST(Benchmark, counts_numbers_that_come_out_wrong_on_all_ranks) {
  Faulty communicator;
  const Measured measured = measure({Collective::all_reduce, at::kFloat, at::kCPU, 40}, 2, 3, communicator);
  EXPECT_EQ(measured.wrong, (2 + 3 + 1) * communicator.size());
  EXPECT_EQ(measure({Collective::all_reduce, at::kLong, at::kCPU, 40}, 0, 3, communicator).wrong, communicator.size());
}

TEST(Benchmark, has_no_bare_seconds_where_there_is_no_library) {
  SingleCommunicator communicator;
  EXPECT_TRUE(std::isnan(measure({Collective::all_reduce, at::kFloat, at::kCPU, 40}, 1, 2, communicator).bare));
}

TEST(LinkModel, is_the_latency_and_the_rate_that_seconds_were_made_of) {
  std::vector<Measured> measured;
  for (const std::int64_t bytes : {8, 4096, 1 << 20, 1 << 28}) {
    Measured one{{Collective::all_reduce, at::kFloat, at::kCPU, bytes}, 10};
    one.median = 2e-6 + double(bytes) / 5e9;
    measured.push_back(one);
  }
  const LinkModel exact = *fitted(measured);
  EXPECT_NEAR(exact.latency_seconds, 2e-6, 1e-12);
  EXPECT_NEAR(exact.bytes_per_second, 5e9, 1);
  EXPECT_NEAR(exact.relative_error, 0, 1e-9);
  measured[1].median *= 1.5;
  EXPECT_GT(fitted(measured)->relative_error, 0.05);
  measured.resize(1);
  EXPECT_FALSE(fitted(measured)) << "of one size";
  measured.push_back(measured[0]);
  EXPECT_FALSE(fitted(measured)) << "of one size, twice";
  measured[1].what.bytes *= 2, measured[1].median /= 2;
  EXPECT_FALSE(fitted(measured)) << "the longer the quicker";
}

}  // namespace
}  // namespace fedorbit
