// Rounds whose messages lose something on the way: what clients keep of it, and that nothing depends on the machine.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "comm/factory.hpp"
#include "comm/single.hpp"
#include "core/error.hpp"
#include "support/toy.hpp"

namespace fedorbit {
namespace {

using testing::HasSubstr;
using toy::Federation;

constexpr std::int64_t weights = toy::classes * toy::width + 1;

void set(Federation& federation, const std::vector<std::string>& options) {
  for (const std::string& option : options) OptionList::of(federation.experiment).set(option);
}

const std::vector<std::string> one_bit{"upload.codec=uniform", "upload.uniform.bits=1", "upload.error_feedback=true"};
const std::vector<std::string> at_random{"upload.codec=uniform", "upload.uniform.bits=3",
                                         "upload.uniform.rounding=stochastic"};
const std::vector<std::string> scaffold_one_bit{"upload.codec=uniform", "upload.uniform.bits=1",
                                                "upload.error_feedback=true", "method.strategy=scaffold",
                                                "optimiser.momentum=0"};

/// Every codec up and down, some with memories of what it could not say, and what a strategy sends besides.
std::vector<std::vector<std::string>> all_kinds() {
  std::vector<std::vector<std::string>> all{one_bit, at_random, scaffold_one_bit};
  for (const std::string& codec : codec_names())
    if (codec != "float32")  // which says everything
      all.push_back({"upload.power_sgd.rank=1", "download.power_sgd.rank=1", "upload.top_k.fraction=0.3",
                     "download.top_k.fraction=0.3", "upload.random_k.fraction=0.3", "download.random_k.fraction=0.3",
                     "upload.error_feedback=true", "download.zstd=1", text("upload.codec=", codec),
                     text("download.codec=", codec)});
  auto lossy_scaffold = scaffold_one_bit;
  lossy_scaffold.insert(lossy_scaffold.end(),
                        {"download.codec=uniform", "download.uniform.bits=2", "schedule.dropout=0.3"});
  all.push_back(lossy_scaffold);
  // All are sent the same, whatever each makes of it.
  all.push_back({"method.strategy=fedema", "download.codec=uniform", "download.uniform.bits=2"});
  return all;
}

struct Codecs : testing::Test {
  std::unique_ptr<Communicator> communicator = make_communicator("mpi");
  SingleCommunicator alone;
};

TEST_F(Codecs, give_the_same_numbers_on_any_number_of_ranks) {
  for (const auto& options : all_kinds()) {
    Federation together, single;
    for (Federation* federation : {&together, &single}) set(*federation, options);
    together.run(*communicator), single.run(alone);
    EXPECT_TRUE(at::equal(together.global, single.global)) << options.back();
    if (!communicator->root()) continue;
    EXPECT_TRUE(at::equal(together.saved.back().rows, single.saved.back().rows));
    for (std::size_t r = 0; r < single.witness.rounds.size(); ++r) {
      EXPECT_EQ(together.witness.rounds[r].lost_download_bytes, single.witness.rounds[r].lost_download_bytes);
      for (std::size_t t = 0; t < single.witness.rounds[r].turns.size(); ++t) {
        EXPECT_EQ(together.witness.rounds[r].turns[t].upload, single.witness.rounds[r].turns[t].upload);
        EXPECT_EQ(together.witness.rounds[r].turns[t].download, single.witness.rounds[r].turns[t].download);
      }
    }
  }
}

TEST_F(Codecs, go_on_from_a_saved_state_with_what_could_not_be_said) {
  for (const auto& options : all_kinds()) {
    Federation whole, first, second;
    for (Federation* federation : {&whole, &first, &second}) {
      set(*federation, options);
      federation->experiment.training.rounds = 7;
    }
    whole.run(alone);
    first.learner.watch = [&](const Turn& turn) {
      if (turn.round == 4) first.signal = SIGTERM;
    };
    EXPECT_EQ(first.run(alone), Ending::interrupted);
    Simulation simulation = second.simulation(*communicator);
    simulation.restore(first.saved.at(0));
    second.finish(simulation);
    EXPECT_TRUE(at::equal(second.global, whole.global)) << options.back();
    if (!communicator->root()) continue;
    EXPECT_TRUE(at::equal(second.saved.back().rows, whole.saved.back().rows)) << options.back();
    for (const TurnRecord& turn : second.witness.rounds.back().turns)
      for (const TurnRecord& same : whole.witness.rounds.back().turns)
        if (same.client == turn.client) {
          EXPECT_EQ(turn.download, same.download) << options.back();
        }
  }
}

TEST_F(Codecs, weigh_what_they_write_on_lines_of_their_own) {
  Federation federation;
  set(federation, scaffold_one_bit);
  federation.run(alone);
  // Twelve weights and one, a bit each, and a scale of four bytes each; the control variate likewise.
  constexpr std::int64_t bytes = (2 + 4) + (1 + 4);
  for (const TurnRecord& turn : federation.witness.rounds.back().turns) {
    EXPECT_EQ(turn.upload, (FederatedBytes{bytes, 0, bytes}));
    EXPECT_EQ(turn.download, (FederatedBytes{4 * weights, 0, 4 * weights}));
  }
}

/// Each client's last numbers: those of its message of weights that it could not say.
Tensor residuals_of(const toy::Saved& state) {
  const Tensor& rows = state.rows;
  return rows.narrow(1, rows.size(1) - weights, weights);
}

/// What clients 4 and 5 upload from `server`, with what they kept: a row each, or nothing.
Tensor update_of(Workshop& workshop, const Server& server, const std::map<ClientId, Tensor>& kept) {
  Downloads downloads = toy::downloads_of(workshop, server);
  const std::vector<ClientId> clients{4, 5};
  const volatile std::sig_atomic_t no_signal = 0;
  const OpenedTurn opened = open_turn(workshop, clients, server.round);
  return take_turn(workshop, server, downloads, clients, toy::store_of(kept), no_signal, opened, [] {})
      .value()
      .upload.update;
}

TEST_F(Codecs, leave_with_a_client_what_it_meant_less_what_was_read_and_say_it_in_its_next_turn) {
  Federation federation, plain;
  set(federation, one_bit);
  for (Federation* each : {&federation, &plain}) {
    each->experiment.training.participation = 1;
    each->experiment.training.rounds = 2;
    each->experiment.checkpoint.every = 1;
  }
  Simulation simulation = federation.simulation(alone);
  plain.simulation(alone);
  const Server start = simulation.server();
  federation.finish(simulation);
  ASSERT_EQ(federation.saved.size(), 2u);
  ASSERT_EQ(federation.saved[0].rows.size(1), toy::classes + weights);
  // Both turns again, with and without a codec.
  std::map<ClientId, Tensor> rows, personal;
  Tensor residual = at::zeros({2, weights});
  for (const toy::Saved& state : federation.saved) {
    const Server& server = rows.empty() ? start : federation.saved[0].server;
    const Tensor meant = update_of(*plain.workshop, server, personal);
    const Tensor read = update_of(*federation.workshop, server, rows);
    EXPECT_FALSE(at::allclose(read, meant));
    residual = residual + meant - read;
    EXPECT_TRUE(at::allclose(residuals_of(state).narrow(0, 4, 2), residual, 1e-5, 1e-7));
    for (const ClientId client : {4, 5}) {
      rows[client] = state.rows[client];
      personal[client] = rows[client].narrow(0, 0, toy::classes);
    }
  }
}

TEST_F(Codecs, keep_nothing_without_error_feedback) {
  Federation federation;
  set(federation, at_random);
  federation.experiment.checkpoint.every = 1;
  federation.run(alone);
  EXPECT_EQ(federation.saved[0].rows.size(1), toy::classes);
}

TEST_F(Codecs, are_not_moved_by_an_evaluation) {
  Federation often, seldom;
  for (Federation* federation : {&often, &seldom}) set(*federation, scaffold_one_bit);
  often.experiment.evaluation.every = 1;
  seldom.experiment.evaluation.every = 1000;
  often.run(alone), seldom.run(alone);
  EXPECT_GT(often.witness.scores.size(), seldom.witness.scores.size());
  EXPECT_TRUE(at::equal(often.global, seldom.global));
  EXPECT_TRUE(at::equal(often.saved.back().rows, seldom.saved.back().rows));
}

TEST_F(Codecs, are_where_they_were_when_a_round_is_played_again) {
  // With a narrow bound the round in which a client goes far is played twice, with a wide one once.
  const auto played = [&](double bound, Federation& federation) {
    set(federation, one_bit);
    federation.experiment.optimiser.momentum = 0;
    federation.experiment.optimiser.learning_rate = 1e-5;
    federation.experiment.training.participation = 1;
    federation.learner.magnify(7, 2, 1e4);
    federation.strategy = std::make_shared<toy::ControlVariates>(bound);
    federation.run(*communicator);
  };
  Federation narrow, wide;
  played(256, narrow), played(0x1p20, wide);
  EXPECT_TRUE(at::allclose(narrow.global, wide.global, 1e-5, 1e-6));
  if (!communicator->root()) return;
  ASSERT_EQ(narrow.witness.events.size(), 1u);
  EXPECT_EQ(narrow.witness.events[0].kind, "replayed");
  EXPECT_TRUE(wide.witness.events.empty());
  EXPECT_TRUE(at::allclose(narrow.saved.back().rows, wide.saved.back().rows, 1e-5, 1e-6));
}

TEST_F(Codecs, of_one_bit_learn_with_error_feedback_about_as_well_as_without_a_codec) {
  const auto loss = [&](const std::vector<std::string>& options) {
    Federation federation;
    set(federation, options);
    federation.experiment.training.rounds = 30;
    federation.experiment.training.participation = 1;
    federation.run(alone);
    return federation.witness.rounds.back().loss;
  };
  EXPECT_LT(loss(one_bit), 1.1 * loss({}));
}

TEST_F(Codecs, that_do_not_fit_what_they_are_for_are_refused) {
  const auto sentence_of = [&](const std::vector<std::string>& options) -> std::string {
    Federation federation;
    set(federation, options);
    try {
      federation.simulation(alone);
    } catch (const Error& error) {
      return error.what();
    }
    return "nothing was refused";
  };
  EXPECT_THAT(sentence_of({"upload.error_feedback=true"}), HasSubstr("upload.codec = \"float32\" says everything"));
  EXPECT_THAT(
      sentence_of({"upload.codec=qsgd", "upload.qsgd.block=0", "upload.qsgd.levels=1", "upload.error_feedback=true"}),
      HasSubstr("upload.codec = \"qsgd\": rounded at random to 3 levels, 12 numbers that share a scale"));
  EXPECT_THAT(sentence_of({"download.codec=random_k", "download.random_k.unbiased=true"}),
              HasSubstr("download.codec = \"random_k\" is not for downloads"));
  EXPECT_THAT(sentence_of({"download.codec=float16", "schedule.kind=buffer"}),
              HasSubstr("download.codec = \"float16\" sends a client depends on the messages that it missed"));
  EXPECT_THAT(sentence_of({"upload.zstd=3", "schedule.kind=buffer"}), HasSubstr("as long as their numbers make them"));
  EXPECT_THAT(sentence_of({"download.codec=float16"}), HasSubstr("nothing was refused"));
  EXPECT_THAT(sentence_of({"upload.codec=float16", "upload.error_feedback=true"}), HasSubstr("nothing was refused"));
}

}  // namespace
}  // namespace fedorbit
