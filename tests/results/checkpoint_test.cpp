// Checkpoints come back bit for bit, or say why not.
#include "results/checkpoint.hpp"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "comm/factory.hpp"
#include "core/error.hpp"
#include "io/file.hpp"
#include "io/h5.hpp"
#include "results/resume.hpp"

namespace fedorbit {
namespace {

using testing::HasSubstr;

struct Checkpoints : testing::Test {
  std::filesystem::path folder =
      std::filesystem::temp_directory_path() /
      text("fedorbit-checkpoint-", getpid(), "-", testing::UnitTest::GetInstance()->current_test_info()->name());
  std::filesystem::path path = folder / "checkpoint.h5";
  void SetUp() override { std::filesystem::create_directories(folder); }
  void TearDown() override { std::filesystem::remove_all(folder); }

  Checkpoint example() const {
    Checkpoint state;
    state.round = 7;
    state.options_toml = "[run]\nseed = 1\n";
    state.build = "0.1.0 of commit 0123456789ab";
    state.recorded = {1234, std::string(64, 'a')};
    // Values that only a copy of the bits keeps: signed zero, not-a-number, the smallest number.
    state.server["shared"] = at::tensor({0.1f, -0.0f, std::nanf(""), 1e-45f});
    state.server["momentum.of.server"] = at::randn({3, 2}, at::kDouble);
    state.server["rounds"] = at::tensor({std::int64_t{1} << 62});
    state.clients = {2, 5, 11};
    state.client_rows["personal"] = at::randn({3, 10});
    state.client_rows["residual"] = at::zeros({3, 0});
    return state;
  }

  std::string sentence_of_read() const {
    try {
      Checkpoint::read(path);
    } catch (const Error& error) {
      return error.what();
    }
    return "nothing was thrown";
  }
};

void expect_same_bits(const std::map<std::string, Tensor>& one, const std::map<std::string, Tensor>& other) {
  ASSERT_EQ(one.size(), other.size());
  for (const auto& [name, tensor] : one) {
    ASSERT_TRUE(other.contains(name)) << name;
    const Tensor& back = other.at(name);
    ASSERT_EQ(back.sizes(), tensor.sizes()) << name;
    ASSERT_EQ(back.scalar_type(), tensor.scalar_type()) << name;
    EXPECT_EQ(std::memcmp(back.const_data_ptr(), tensor.const_data_ptr(), tensor.nbytes()), 0) << name;
  }
}

TEST_F(Checkpoints, ComeBackBitForBit) {
  const Checkpoint state = example();
  state.write(path);
  const Checkpoint back = Checkpoint::read(path);
  EXPECT_EQ(back.round, 7);
  EXPECT_EQ(back.options_toml, state.options_toml);
  EXPECT_EQ(back.build, state.build);
  EXPECT_EQ(back.recorded.bytes, 1234);
  EXPECT_EQ(back.recorded.checksum, state.recorded.checksum);
  EXPECT_EQ(back.clients, state.clients);
  expect_same_bits(state.server, back.server);
  expect_same_bits(state.client_rows, back.client_rows);
  EXPECT_FALSE(std::filesystem::exists(part_path(path)));
}

TEST_F(Checkpoints, OfNobodyAndNothingComeBackToo) {
  Checkpoint{}.write(path);
  const Checkpoint back = Checkpoint::read(path);
  EXPECT_TRUE(back.clients.empty() && back.server.empty() && back.client_rows.empty());
}

TEST_F(Checkpoints, AFailedWriteKeepsTheOldOne) {
  example().write(path);
  Checkpoint wrong = example();
  wrong.round = 8;
  wrong.client_rows["personal"] = at::zeros({2, 10});
  EXPECT_THROW(wrong.write(path), Error);
  EXPECT_EQ(Checkpoint::read(path).round, 7);
  EXPECT_FALSE(std::filesystem::exists(part_path(path)));
}

TEST_F(Checkpoints, ThatCannotBeReadSayWhy) {
  EXPECT_THAT(sentence_of_read(), HasSubstr("checkpoint.h5 does not exist"));
  example().write(path);
  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  EXPECT_THAT(sentence_of_read(), HasSubstr("checkpoint.h5"));
  std::ofstream(path) << "not a checkpoint";
  EXPECT_THAT(sentence_of_read(), HasSubstr("is not an HDF5 file"));
  { h5::File::create(path); }
  EXPECT_THAT(sentence_of_read(), HasSubstr("not a checkpoint"));
}

TEST_F(Checkpoints, HoldAServersStatisticsWhereThereAreAny) {
  const auto communicator = make_communicator("single");
  State state{{at::arange(3, at::kFloat), {}, 2}, at::zeros({1}, at::kLong), {{}, at::zeros({0, 2})}};
  EXPECT_FALSE(shared_state(to_checkpoint(state, "", {}), *communicator).server.statistics.defined());
  state.server.statistics = at::tensor({4.f, 5.f});
  const Server read = shared_state(to_checkpoint(state, "", {}), *communicator).server;
  EXPECT_TRUE(at::equal(read.parameters(), at::tensor({0.f, 1.f, 2.f, 4.f, 5.f})));
  EXPECT_TRUE(at::equal(read.statistics, state.server.statistics));
}

TEST_F(Checkpoints, HoldWhatClientsHoldOfWhatTheyWereSent) {
  const auto communicator = make_communicator("single");
  State state{{at::zeros({3}), {}, 2}, at::zeros({1}, at::kLong), {{}, at::zeros({0, 2})}};
  state.mirror = {{"weights", {at::arange(3, at::kFloat), {7, 1L << 40}}}, {"c", {at::ones({3}), {}}}};
  to_checkpoint(state, "", {}).write(path);
  const Mirror::Contents read = shared_state(Checkpoint::read(path), *communicator).mirror;
  ASSERT_EQ(read.size(), 2u);
  for (const auto& [name, held] : state.mirror) {
    EXPECT_TRUE(at::equal(read.at(name).values, held.values)) << name;
    EXPECT_EQ(read.at(name).bytes, held.bytes) << name;
  }
}

TEST_F(Checkpoints, OfAnotherRunAreRefusedBeforeARunGoesOn) {
  const auto communicator = make_communicator("single");
  const auto sentence_of = [&](const Checkpoint& checkpoint) -> std::string {
    try {
      shared_state(checkpoint, *communicator);
    } catch (const Error& error) {
      return error.what();
    }
    return "nothing was refused";
  };
  Checkpoint checkpoint;
  checkpoint.server = {{"global", at::zeros({3})}, {"memory.m", at::zeros({3})}, {"bounds", at::zeros({1}, at::kLong)}};
  checkpoint.clients = {1, 4};
  checkpoint.client_rows = {{"rows", at::zeros({2, 5})}};
  EXPECT_EQ(sentence_of(checkpoint), "nothing was refused");
  const auto without = [&](auto change) {
    Checkpoint other = checkpoint;
    change(other);
    return sentence_of(other);
  };
  EXPECT_THAT(without([](Checkpoint& c) { c.server.erase("global"); }), HasSubstr("no float32 tensor global"));
  EXPECT_THAT(without([](Checkpoint& c) { c.server["global"] = at::zeros({3}, at::kDouble); }),
              HasSubstr("no float32 tensor global"));
  EXPECT_THAT(without([](Checkpoint& c) { c.server.erase("bounds"); }), HasSubstr("no int64 tensor bounds"));
  EXPECT_THAT(without([](Checkpoint& c) {
                c.server["memory.m"] = at::zeros({1, 3});
              }),
              HasSubstr("no float32 tensor memory.m with 1 axis"));
  EXPECT_THAT(without([](Checkpoint& c) { c.client_rows.clear(); }), HasSubstr("no float32 tensor rows with 2 axes"));
  EXPECT_THAT(without([](Checkpoint& c) { c.clients.push_back(7); }), HasSubstr("2 rows for 3 clients"));
}

}  // namespace
}  // namespace fedorbit
