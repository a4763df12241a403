// The suite itself: it is instantiated once per backend, and runs on any number of ranks.
#include "comm/conformance.hpp"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>

#include "comm/node_memory.hpp"
#include "core/error.hpp"

namespace fedorbit {

using testing::HasSubstr;

Tensor CommunicatorConformance::made(std::int64_t numel, c10::ScalarType type,
                                     const std::function<double(std::int64_t)>& formula) const {
  Tensor values = at::empty({numel}, at::kDouble);
  for (std::int64_t i = 0; i < numel; ++i) values.mutable_data_ptr<double>()[i] = formula(i);
  return values.to(type).to(GetParam().device);
}

Tensor CommunicatorConformance::same(std::int64_t numel, double value) const {
  return at::full({numel}, value, at::TensorOptions(at::kFloat).device(GetParam().device));
}

std::string CommunicatorConformance::shared_sentence(const std::function<void()>& call) {
  std::string sentence;
  try {
    call();
  } catch (const SharedError& error) {
    sentence = error.what();
  } catch (const std::exception& error) {
    ADD_FAILURE() << "not a SharedError: " << error.what();
  }
  for (const std::string& other : comm->all_gather_text(sentence)) EXPECT_EQ(other, sentence);
  return sentence;
}

TEST_P(CommunicatorConformance, Broadcast_gives_every_rank_the_values_of_the_root_in_any_type) {
  for (auto type : {at::kFloat, at::kDouble, at::kLong, at::kInt, at::kByte, at::kBool, at::kBFloat16, at::kHalf}) {
    const Tensor expected = made(6, type, [](std::int64_t i) { return double(i % 4); }).view({3, 2});
    Tensor tensor = comm->root() ? expected.clone() : at::zeros_like(expected);
    comm->broadcast(tensor);
    EXPECT_TRUE(at::equal(tensor, expected)) << c10::toString(type);
  }
}

TEST_P(CommunicatorConformance, Ranks_of_a_node_have_one_copy_of_what_they_share_as_long_as_they_hold_it) {
  const auto mappings = [] {
    std::ifstream maps("/proc/self/maps");
    std::int64_t count = 0;
    for (std::string line; std::getline(maps, line);) count += line.find("memfd:fedorbit") != std::string::npos;
    return count;
  };
  const Tensor bytes = (at::arange(100'000) % 251).to(at::kByte);
  Tensor shared = one_copy_on_node(bytes, *comm), again = one_copy_on_node(bytes, *comm);
  EXPECT_TRUE(at::equal(shared, bytes));
  EXPECT_EQ(mappings(), comm->local_size() > 1 ? 2 : 0);
  const Tensor view = shared.narrow(0, 0, 10);
  shared = again = Tensor();
  EXPECT_EQ(mappings(), comm->local_size() > 1 ? 1 : 0);
  EXPECT_TRUE(at::equal(view, bytes.narrow(0, 0, 10)));
}

TEST_P(CommunicatorConformance, All_reduce_sums_elementwise_in_place) {
  const int n = comm->size();
  for (auto type : {at::kFloat, at::kDouble, at::kLong}) {
    Tensor tensor = made(10, type, [&](std::int64_t i) { return double(i + 100 * comm->rank()); }).view({5, 2});
    const void* address = tensor.const_data_ptr();
    comm->all_reduce(tensor);
    const Tensor expected = made(10, type, [&](std::int64_t i) { return double(n * i + 50 * n * (n - 1)); });
    EXPECT_TRUE(at::equal(tensor, expected.view({5, 2}))) << c10::toString(type);
    EXPECT_EQ(tensor.const_data_ptr(), address);
  }
}

TEST_P(CommunicatorConformance, All_reduce_finds_the_largest_value_of_each_element) {
  for (auto type : {at::kFloat, at::kDouble, at::kLong}) {
    // Rank r is the largest where i % size == r; all values are negative, so a forgotten element would show as 0.
    Tensor tensor = made(9, type, [&](std::int64_t i) {
      return i % comm->size() == comm->rank() ? -1.0 - double(i) : -100.0 - double(i);
    });
    comm->all_reduce(tensor, Reduce::max);
    EXPECT_TRUE(at::equal(tensor, made(9, type, [](std::int64_t i) { return -1.0 - double(i); })));
  }
}

TEST_P(CommunicatorConformance, An_int64_sum_is_exact_and_does_not_depend_on_how_terms_lie_on_ranks) {
  std::int64_t mine = 0, all = 0;
  for (std::int64_t term = 0; term < 1000; ++term) {
    const std::int64_t value = (std::int64_t(1) << 53) + 1 + term * term;  // no float64 holds the partial sums
    all += value;
    if (term % comm->size() == comm->rank()) mine += value;
  }
  Tensor tensor = at::full({3}, mine, at::kLong).to(GetParam().device);
  comm->all_reduce(tensor);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(tensor[i].item<std::int64_t>(), all);
}

TEST_P(CommunicatorConformance, All_gather_gives_one_row_per_rank_whatever_the_shape) {
  for (const std::vector<std::int64_t>& shape : {std::vector<std::int64_t>{}, {4}, {2, 3}, {2, 1, 5}}) {
    const Tensor base = made(c10::multiply_integers(shape), at::kLong, [](std::int64_t i) { return double(i); });
    const Tensor row = (base + 1000 * comm->rank()).view(shape);
    const Tensor rows = comm->all_gather(row);
    EXPECT_EQ(rows.dim(), std::int64_t(shape.size()) + 1);
    EXPECT_EQ(rows.size(0), comm->size());
    for (int rank = 0; rank < comm->size(); ++rank)
      EXPECT_TRUE(at::equal(rows[rank], (base + 1000 * rank).view(shape)));
  }
}

TEST_P(CommunicatorConformance, Gather_gives_the_root_one_row_per_rank_and_the_others_none) {
  for (auto type : {at::kFloat, at::kDouble, at::kLong, at::kByte})
    for (const std::vector<std::int64_t>& shape : {std::vector<std::int64_t>{}, {4}, {2, 3}}) {
      const Tensor base =
          made(c10::multiply_integers(shape), type, [](std::int64_t i) { return double(i); }).view(shape);
      const Tensor rows = comm->gather(base + 50 * comm->rank());
      EXPECT_EQ(rows.dim(), std::int64_t(shape.size()) + 1);
      EXPECT_EQ(rows.size(0), comm->root() ? comm->size() : 0);
      for (int rank = 0; rank < rows.size(0); ++rank)
        EXPECT_TRUE(at::equal(rows[rank], base + 50 * rank)) << c10::toString(type);
    }
}

TEST_P(CommunicatorConformance, Exchange_delivers_messages_of_any_length_and_nothing_where_there_is_none) {
  const auto length = [](int from, int to) { return (7 * from + 3 * to) % 5; };  // zero among them
  const auto message = [&](int from, int to) {
    return made(length(from, to), at::kFloat, [&](std::int64_t i) { return 1000.0 * from + 10.0 * to + double(i); });
  };
  std::vector<Tensor> out;
  for (int to = 0; to < comm->size(); ++to) out.push_back(message(comm->rank(), to));
  const std::vector<Tensor> in = comm->exchange(std::move(out));
  EXPECT_EQ(int(in.size()), comm->size());
  for (int from = 0; from < int(in.size()); ++from) EXPECT_TRUE(at::equal(in[from], message(from, comm->rank())));
}

TEST_P(CommunicatorConformance, Exchange_gathers_at_the_root_what_only_the_others_send) {
  std::vector<Tensor> out(comm->size(), same(0, 0));
  if (!comm->root()) out[0] = same(50000 + comm->rank(), comm->rank());
  const std::vector<Tensor> in = comm->exchange(std::move(out));
  for (int from = 0; from < int(in.size()); ++from) {
    const bool sent = comm->root() && from > 0;
    EXPECT_TRUE(at::equal(in[from], same(sent ? 50000 + from : 0, from)));
  }
}

TEST_P(CommunicatorConformance, Empty_tensors_pass_through_every_collective) {
  Tensor empty = same(0, 0);
  comm->broadcast(empty);
  comm->all_reduce(empty);
  EXPECT_EQ(empty.numel(), 0);
  EXPECT_EQ(comm->all_gather(empty).sizes(), (std::vector<std::int64_t>{comm->size(), 0}));
  EXPECT_EQ(comm->gather(empty).sizes(), (std::vector<std::int64_t>{comm->root() ? comm->size() : 0, 0}));
  for (const Tensor& message : comm->exchange(std::vector<Tensor>(comm->size(), empty))) EXPECT_EQ(message.numel(), 0);
}

TEST_P(CommunicatorConformance, Three_million_values_arrive_whole) {
  constexpr std::int64_t numel = 3'000'000;
  const Tensor ramp = at::arange(numel, at::TensorOptions(at::kFloat).device(GetParam().device));
  Tensor sum = ramp.clone();
  comm->all_reduce(sum);
  EXPECT_TRUE(at::equal(sum, ramp * comm->size()));
  Tensor copy = comm->root() ? ramp.clone() : at::zeros_like(ramp);
  comm->broadcast(copy);
  EXPECT_TRUE(at::equal(copy, ramp));
  const Tensor rows = comm->all_gather(ramp + comm->rank());
  for (int rank = 0; rank < comm->size(); ++rank) EXPECT_TRUE(at::equal(rows[rank], ramp + rank));
  const Tensor at_root = comm->gather(ramp + comm->rank());
  for (int rank = 0; rank < at_root.size(0); ++rank) EXPECT_TRUE(at::equal(at_root[rank], ramp + rank));
  std::vector<Tensor> out;
  for (int to = 0; to < comm->size(); ++to) out.push_back(ramp + 2 * comm->rank() + 3 * to);
  const std::vector<Tensor> in = comm->exchange(std::move(out));
  for (int from = 0; from < comm->size(); ++from) EXPECT_TRUE(at::equal(in[from], ramp + 2 * from + 3 * comm->rank()));
}

TEST_P(CommunicatorConformance, Texts_of_different_lengths_are_gathered) {
  const std::vector<std::string> texts = comm->all_gather_text(std::string(std::size_t(comm->rank()) * 3, 'x'));
  EXPECT_EQ(int(texts.size()), comm->size());
  for (std::size_t rank = 0; rank < texts.size(); ++rank) EXPECT_EQ(texts[rank], std::string(rank * 3, 'x'));
}

TEST_P(CommunicatorConformance, Local_ranks_count_the_ranks_of_one_host) {
  const std::vector<std::string> hosts = comm->host_names();
  const std::string& mine = hosts[std::size_t(comm->rank())];
  EXPECT_FALSE(mine.empty());
  EXPECT_EQ(comm->local_size(), std::count(hosts.begin(), hosts.end(), mine));
  EXPECT_EQ(comm->local_rank(), std::count(hosts.begin(), hosts.begin() + comm->rank(), mine));
}

TEST_P(CommunicatorConformance, A_rank_in_another_collective_is_named_on_every_rank) {
  const int last = comm->size() - 1;
  const std::string sentence = shared_sentence([&] {
    Tensor five = same(5, 1), seven = same(7, 1);
    if (last > 0 && comm->rank() == last) {
      comm->all_reduce(five);
    } else {
      comm->broadcast(seven);
    }
  });
  if (last == 0) {
    EXPECT_EQ(sentence, "");
  } else {
    EXPECT_THAT(sentence, HasSubstr(text("rank ", last, " called all_reduce (sum) of 5 float32 values")));
    EXPECT_THAT(sentence, HasSubstr("while rank 0 called broadcast of 7 float32 values"));
  }
}

TEST_P(CommunicatorConformance, The_lowest_of_several_deviating_ranks_is_named) {
  const std::string sentence = shared_sentence([&] {
    Tensor tensor = same(4 + comm->rank(), 1);
    comm->all_reduce(tensor);
  });
  if (comm->size() == 1) {
    EXPECT_EQ(sentence, "");
  } else {
    EXPECT_THAT(sentence, HasSubstr("rank 1 called all_reduce (sum) of 5 float32 values"));
    EXPECT_THAT(sentence, HasSubstr("rank 0 called all_reduce (sum) of 4 float32 values"));
  }
}

TEST_P(CommunicatorConformance, Other_types_reductions_and_gathered_sizes_are_named) {
  const int last = comm->size() - 1;
  const bool deviates = last > 0 && comm->rank() == last;
  const std::string types = shared_sentence([&] {
    Tensor tensor = made(3, deviates ? at::kLong : at::kDouble, [](std::int64_t) { return 1.0; });
    comm->broadcast(tensor);
  });
  const std::string reductions = shared_sentence([&] {
    Tensor tensor = same(1, 1);
    comm->all_reduce(tensor, deviates ? Reduce::max : Reduce::sum);
  });
  const std::string sizes = shared_sentence([&] { comm->all_gather(same(deviates ? 2 : 1, 1)); });
  const std::string barriers = shared_sentence([&] {
    if (deviates) {
      comm->barrier();
    } else {
      comm->exchange(std::vector<Tensor>(comm->size(), same(1, 1)));
    }
  });
  if (last == 0) {
    EXPECT_EQ(types + reductions + sizes + barriers, "");
  } else {
    EXPECT_THAT(types, HasSubstr(text("rank ", last, " called broadcast of 3 int64 values")));
    EXPECT_THAT(types, HasSubstr("rank 0 called broadcast of 3 float64 values"));
    EXPECT_THAT(reductions, HasSubstr(text("rank ", last, " called all_reduce (max) of 1 float32 value")));
    EXPECT_THAT(sizes, HasSubstr(text("rank ", last, " called all_gather of 2 float32 values")));
    EXPECT_THAT(barriers, HasSubstr(text("rank ", last, " called barrier while rank 0 called exchange")));
  }
}

TEST_P(CommunicatorConformance, A_rank_with_other_options_is_named_with_what_it_holds) {
  const int last = comm->size() - 1;
  EXPECT_EQ(shared_sentence([&] { comm->agree("resolved options", 42); }), "");
  const std::string sentence =
      shared_sentence([&] { comm->agree("resolved options", last > 0 && comm->rank() == last ? 41 : 42); });
  const std::string subjects =
      shared_sentence([&] { comm->agree(last > 0 && comm->rank() == last ? "weights" : "resolved options", 42); });
  if (last == 0) {
    EXPECT_EQ(sentence + subjects, "");
  } else {
    EXPECT_THAT(sentence, HasSubstr(text("rank ", last, " does not hold the same resolved options as rank 0")));
    EXPECT_THAT(subjects, HasSubstr(text("rank ", last, " called agree on the weights")));
  }
}

TEST_P(CommunicatorConformance, A_wrong_argument_is_an_error_of_its_own_rank_and_sends_nothing) {
  Tensor undefined, columns = same(6, 1).view({2, 3}).t(), bytes = made(2, at::kByte, [](std::int64_t) { return 1.0; });
  comm->ledger().take();
  EXPECT_THROW(comm->broadcast(undefined), Error);
  EXPECT_THROW(comm->all_reduce(columns), Error);
  EXPECT_THROW(comm->all_reduce(bytes), Error);
  EXPECT_THROW(comm->all_gather(columns), Error);
  EXPECT_THROW(comm->gather(columns), Error);
  EXPECT_THROW(comm->exchange(std::vector<Tensor>(comm->size() + 1, same(1, 1))), Error);
  EXPECT_THROW(comm->exchange(std::vector<Tensor>(comm->size(), same(2, 1).view({1, 2}))), Error);
  EXPECT_THROW(comm->exchange(std::vector<Tensor>(comm->size(), bytes)), Error);
  for (const Cost& cost : comm->ledger().sum().costs) EXPECT_EQ(cost.calls, 0);
  comm->barrier();
}

TEST_P(CommunicatorConformance, The_ledger_counts_calls_and_the_bytes_handed_in) {
  comm->ledger().take();
  Tensor five = same(5, 1);
  comm->broadcast(five);
  comm->all_reduce(five);
  comm->all_reduce(five, Reduce::max);
  comm->all_gather(five);
  comm->gather(five);
  comm->exchange(std::vector<Tensor>(comm->size(), five));
  comm->barrier();
  comm->agree("resolved options", 1);
  const Traffic traffic = comm->ledger().sum();
  comm->ledger().take();
  const auto expect = [&](Collective collective, std::int64_t calls, std::int64_t bytes) {
    EXPECT_EQ(traffic[collective].calls, calls) << name(collective);
    EXPECT_EQ(traffic[collective].bytes, bytes) << name(collective);
    EXPECT_GE(traffic[collective].waiting_seconds, 0) << name(collective);
    EXPECT_GE(traffic[collective].transfer_seconds, 0) << name(collective);
  };
  expect(Collective::broadcast, 1, 20);
  expect(Collective::all_reduce, 2, 40);
  expect(Collective::all_gather, 1, 20);
  expect(Collective::gather, 1, 20);
  expect(Collective::exchange, 1, comm->size() * (20 + 8));  // each message and its length
  expect(Collective::barrier, 1, 0);
  expect(Collective::agree, 8, 8 * 16);  // a fingerprint and its complement
  EXPECT_GT(traffic[Collective::all_reduce].transfer_seconds, 0);
  for (const Cost& cost : comm->ledger().sum().costs) EXPECT_EQ(cost.calls + cost.bytes, 0);
}

}  // namespace fedorbit
