// What every registered learner must keep, whatever it learns.
#include <ATen/Parallel.h>

#include "algorithms/group.hpp"
#include "algorithms/initial_values.hpp"
#include "algorithms/personal_tensors.hpp"
#include "support/toy.hpp"

namespace fedorbit {
namespace {

/// In one thread, as a run has: the sameness of bits is promised for one.
class EveryLearner : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { at::set_num_threads(1); }
};

TEST_P(EveryLearner, gives_every_trained_tensor_of_every_client_a_gradient) {
  const Clip clip = random_clip();
  for (const auto& learner : variants(GetParam(), clip)) {
    ClientGroup group(*learner, {0, 1, 2});
    const Tensor loss = group.loss();
    EXPECT_EQ(loss.sizes(), at::IntArrayRef{3});
    EXPECT_TRUE(loss.isfinite().all().item<bool>());
    for (const Entry& entry : learner->layout().entries()) {
      if (entry.role == Role::statistic) continue;  // after what has gradients
      const Tensor gradient = group.parameters.gradient(entry.owner).narrow(1, entry.offset, entry.numel);
      if (!entry.trained) {
        EXPECT_EQ(gradient.count_nonzero().item<std::int64_t>(), 0) << entry.name;
        continue;
      }
      EXPECT_TRUE(gradient.isfinite().all().item<bool>()) << entry.name;
      for (std::int64_t k = 0; k < 3; ++k)
        EXPECT_GT(gradient[k].abs().max().item<double>(), 0) << entry.name << " of client " << k;
    }
  }
}

TEST_P(EveryLearner, loses_and_learns_by_the_fast_engine_what_it_does_by_the_published_recipe) {
  const Clip clip = random_clip();
  const auto fast = variants(GetParam(), clip), reference = variants(GetParam(), clip, {.kind = "reference"});
  const auto near = [](const Tensor& a, const Tensor& b) {
    return ((a - b).abs().max() / b.abs().max()).item<double>() < 1e-5;
  };
  for (std::size_t i = 0; i < fast.size(); ++i) {
    ClientGroup one(*fast[i], {0, 1, 2}), other(*reference[i], {0, 1, 2});
    EXPECT_TRUE(near(one.loss(), other.loss()));
    for (const Owner owner : owners) {
      if (fast[i]->layout().trained(owner) == 0) continue;
      EXPECT_TRUE(near(one.parameters.gradient(owner), other.parameters.gradient(owner)));
    }
  }
}

TEST_P(EveryLearner, leaves_the_frozen_towers_alone) {
  Clip clip = random_clip();
  NamedTensors before;
  for (auto& [name, tensor] : clip.tensors) {
    before[name] = tensor.clone();
    tensor.requires_grad_();
  }
  for (const auto& learner : variants(GetParam(), clip)) {
    ClientGroup group(*learner, {0, 1});
    group.loss();
    learner->after_step(group.parameters, group.turn);
    for (const auto& [name, tensor] : clip.tensors) {
      EXPECT_FALSE(tensor.grad().defined()) << name;
      EXPECT_TRUE(at::equal(tensor.detach(), before[name])) << name;
    }
  }
}

TEST_P(EveryLearner, does_not_mix_clients) {
  const Clip clip = random_clip();
  for (const auto& learner : variants(GetParam(), clip)) {
    ClientGroup one(*learner, {0, 1, 2}), other(*learner, {0, 1, 2}, 32, 1);
    const Tensor before = one.loss(), after = other.loss();
    EXPECT_NE(before[1].item<float>(), after[1].item<float>());
    for (const std::int64_t k : {0, 2}) {
      EXPECT_EQ(before[k].item<float>(), after[k].item<float>());
      for (const Owner owner : owners)
        EXPECT_TRUE(at::equal(one.parameters.gradient(owner)[k], other.parameters.gradient(owner)[k]));
    }
  }
}

/// Attention has loops of its own for the numbers of heads that published towers have.
class EveryLearnerOfHeads : public testing::TestWithParam<std::tuple<std::string, std::int64_t>> {
 protected:
  void SetUp() override { at::set_num_threads(1); }
};

/// That each of five clients has the same bits alone as among the others.
void expect_same_alone(Learner& learner, std::int64_t batch_size, std::int64_t width = 32) {
  ClientGroup together(learner, {4, 3, 2, 1, 0}, batch_size, -1, at::kCPU, width);
  const Tensor losses = together.loss();
  for (std::int64_t k = 0; k < 5; ++k) {
    ClientGroup alone(learner, {4 - k}, batch_size, -1, at::kCPU, width);
    const std::string which = text("batch ", batch_size, ", width ", width, ", client ", 4 - k);
    EXPECT_EQ(alone.loss().item<float>(), losses[k].item<float>()) << which;
    for (const Owner owner : owners)
      EXPECT_TRUE(at::equal(alone.parameters.gradient(owner)[0], together.parameters.gradient(owner)[k]))
          << which << ", owner " << int(owner);
    const Tensor means = alone.diagnostics.means()[0], others = together.diagnostics.means()[k];
    EXPECT_TRUE(at::allclose(means, others, 0, 0, true)) << means << others;
  }
}

TEST_P(EveryLearnerOfHeads, gives_a_client_the_same_bits_alone_and_in_a_group) {
  const Clip clip = random_clip(std::get<1>(GetParam()));
  for (const auto& learner : variants(std::get<0>(GetParam()), clip)) {
    for (const std::int64_t batch_size : {32, 7}) expect_same_alone(*learner, batch_size);
    if (learner->needs().views == 0) expect_same_alone(*learner, 1);
  }
}

TEST(LearnersOfFeatures, give_a_client_the_same_bits_alone_and_in_a_group_whatever_their_width_is) {
  at::set_num_threads(1);
  for (const std::int64_t width : {33, 50, 64, 77}) {
    Material material{.class_names = class_names};
    material.width = width;
    material.texts = [width] { return unit(normal({std::int64_t(class_names.size()), width}, 20, 0)); };
    for (const char* name : {"fedclip", "linear"})
      for (const auto& options : variants_of(name)) {
        const auto learner = make_learner(name, with<LearnerOptions>(options), material);
        for (const std::int64_t batch_size : {1, 8, 13, 32}) expect_same_alone(*learner, batch_size, width);
      }
  }
}

TEST_P(EveryLearner, does_not_look_at_absent_samples) {
  const Clip clip = random_clip();
  for (const auto& learner : variants(GetParam(), clip)) {
    ClientGroup whole(*learner, {1}), spoiled(*learner, {1});  // client 1 has 27 of 32
    spoiled.batch.images.narrow(2, 27, 5).mul_(-3);
    spoiled.batch.features.narrow(1, 27, 5).mul_(-3);
    spoiled.batch.patches.narrow(1, 27, 5).mul_(-3);
    spoiled.batch.labels.narrow(1, 27, 5).fill_(1);
    EXPECT_EQ(whole.loss().item<float>(), spoiled.loss().item<float>());
    for (const Owner owner : owners)
      EXPECT_TRUE(at::equal(whole.parameters.gradient(owner), spoiled.parameters.gradient(owner)));
  }
}

TEST_P(EveryLearner, stays_finite_and_unobserved_for_a_client_that_is_through) {
  const Clip clip = random_clip();
  for (const auto& learner : variants(GetParam(), clip)) {
    ClientGroup group(*learner, {0, 1});
    group.batch.present[1].zero_();
    group.batch.active[1] = 0;
    EXPECT_TRUE(group.loss().isfinite().all().item<bool>());
    for (const Owner owner : owners) EXPECT_TRUE(group.parameters.gradient(owner).isfinite().all().item<bool>());
    EXPECT_TRUE(group.diagnostics.means()[1].isnan().all().item<bool>());
  }
}

/// Else a group that does not fit would not be refused (federation/memory_check.hpp).
TEST_P(EveryLearner, says_how_much_memory_a_client_takes) {
  const Clip clip = random_clip();
  for (const auto& learner : variants(GetParam(), clip)) EXPECT_GT(learner->step_bytes(32), 0);
}

TEST_P(EveryLearner, observes_what_it_declares) {
  const Clip clip = random_clip();
  for (const auto& learner : variants(GetParam(), clip)) {
    ClientGroup group(*learner, {0, 1});
    group.loss();  // an observation that was not declared throws
    EXPECT_TRUE(group.diagnostics.means().isfinite().all().item<bool>());
  }
}

TEST_P(EveryLearner, labels_for_the_server_without_what_is_personal) {
  const Clip clip = random_clip();
  const at::NoGradGuard no_gradient;
  for (const auto& learner : variants(GetParam(), clip)) {
    if (!learner->classifier()) continue;
    ClientGroup group(*learner, {0, 1});
    const Tensor global = learner->classifier()->scorer(group.parameters, Scope::global)(group.batch);
    const Tensor personal = learner->classifier()->scorer(group.parameters, Scope::personal)(group.batch);
    EXPECT_EQ(global.sizes(), (at::IntArrayRef{2, 32, std::int64_t(class_names.size())}));
    for (const Owner owner : {Owner::personal, Owner::turn}) group.parameters.flat(owner).add_(0.5);
    EXPECT_TRUE(at::equal(learner->classifier()->scorer(group.parameters, Scope::global)(group.batch), global));
    const bool has_own = learner->layout().size(Owner::personal) > 0;
    EXPECT_EQ(!at::equal(learner->classifier()->scorer(group.parameters, Scope::personal)(group.batch), personal),
              has_own);
  }
}

TEST_P(EveryLearner, starts_from_values_that_only_the_seed_and_the_client_decide) {
  const Clip clip = random_clip();
  for (const auto& learner : variants(GetParam(), clip))
    EXPECT_THAT(complaints_about_initial_values(*learner), testing::IsEmpty());
}

TEST_P(EveryLearner, learns_alike_where_its_shared_tensors_are_personal) {
  const Clip clip = random_clip();
  for (auto& made : variants(GetParam(), clip)) {
    const std::shared_ptr<Learner> learner = std::move(made), alone = with_personal_tensors(learner, "*");
    EXPECT_EQ(alone->layout().size(Owner::shared), 0);
    Parameters shared(learner->layout(), 2), kept(alone->layout(), 2);
    const std::vector<ClientId> clients{3, 4};
    for (const Owner owner : owners) learner->initialise(shared, owner, clients, Keys(1));
    for (const Owner owner : owners) alone->initialise(kept, owner, clients, Keys(1));
    for (const Entry& entry : learner->layout().entries()) EXPECT_TRUE(at::equal(kept[entry.name], shared[entry.name]));
    ClientGroup together(*learner, clients), apart(*alone, clients);
    for (const Entry& entry : learner->layout().entries())
      apart.parameters[entry.name].detach().copy_(together.parameters[entry.name].detach());
    apart.turn.alike = true;  // as in a turn's first step: what is still shared is the same for all
    EXPECT_TRUE(at::equal(apart.loss(), together.loss()));
    const auto gradient = [](const ClientGroup& group, const std::string& name) {
      const Entry& entry = group.parameters.layout().entry(name);
      return Layout::view(group.parameters.gradient(entry.owner), entry);
    };
    for (const Entry& entry : learner->layout().entries()) {
      if (!entry.trained) continue;
      EXPECT_TRUE(at::equal(gradient(apart, entry.name), gradient(together, entry.name)));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(all, EveryLearner, testing::ValuesIn(learner_names()),
                         [](const auto& info) { return info.param; });
INSTANTIATE_TEST_SUITE_P(all, EveryLearnerOfHeads,
                         testing::Combine(testing::ValuesIn(learner_names()), testing::Values(2, 8, 12)),
                         [](const auto& info) { return text(std::get<0>(info.param), std::get<1>(info.param)); });

TEST(InitialValues, are_drawn_anew_for_prompts_by_another_seed) {
  const Clip clip = random_clip();
  for (const char* name : {"prompt", "dual_prompt"})
    for (const auto& learner : variants(name, clip)) {
      Parameters one(learner->layout(), 1), other(learner->layout(), 1);
      const ClientId client = 3;
      for (const Owner owner : {Owner::shared, Owner::personal}) {
        learner->initialise(one, owner, {&client, 1}, Keys(1));
        learner->initialise(other, owner, {&client, 1}, Keys(2));
        EXPECT_TRUE(at::ne(one.flat(owner), other.flat(owner)).all().item<bool>());
      }
    }
}

/// A learner whose tensors start as `start` says.
class Starting final : public toy::Learner {
 public:
  explicit Starting(std::function<void(Tensor row, ClientId client)> start) : start_(std::move(start)) {}
  void initialise(Parameters& parameters, Owner owner, std::span<const ClientId> clients, const Keys&) override {
    for (std::size_t k = 0; k < clients.size(); ++k) start_(parameters.flat(owner)[std::int64_t(k)], clients[k]);
  }

 private:
  std::function<void(Tensor, ClientId)> start_;
};

TEST(InitialValues, may_be_zeros_and_are_named_where_they_are_wrong) {
  Starting zeros([](Tensor row, ClientId) { row.zero_(); }), forgetful([](Tensor, ClientId) {}),
      seedless([](Tensor row, ClientId client) { row.fill_(double(client)); });
  EXPECT_THAT(complaints_about_initial_values(zeros), testing::IsEmpty());
  EXPECT_THAT(complaints_about_initial_values(forgetful),
              testing::ElementsAre("the tensor weights is not initialised.", "the tensor scale is not initialised.",
                                   "the tensor bias is not initialised."));
  EXPECT_THAT(complaints_about_initial_values(seedless),
              testing::Contains("the tensor weights is shared, but does not start alike for all clients."));
  EXPECT_THAT(complaints_about_initial_values(seedless),
              testing::Contains("the tensor bias differs from client to client, but not with the seed."));
}

TEST(PersonalTensors, refuse_a_pattern_that_matches_nothing_by_its_name) {
  const std::shared_ptr<Learner> learner = make_learner("dual_prompt", {}, material_of(random_clip(), class_names));
  EXPECT_EQ(with_personal_tensors(learner, ""), learner);
  EXPECT_THAT(sentence([&] { with_personal_tensors(learner, "context.*; head.*"); }),
              testing::HasSubstr("head.* is the name of no shared tensor; there are context.shared."));
  EXPECT_THAT(sentence([&] { with_personal_tensors(learner, "context.private"); }),
              testing::HasSubstr("context.private is the name of no shared tensor"));
}

TEST(Material, is_refused_by_learners_of_prompts_where_it_has_no_weights) {
  const Material features{.class_names = class_names, .width = 32};
  for (const char* name : {"prompt", "dual_prompt"})
    EXPECT_THAT(sentence([&] { make_learner(name, {}, features); }),
                testing::HasSubstr(text("the learner ", name, " learns through a text tower, but features were")));
}

TEST(Registry, names_the_nearest_part_to_one_it_does_not_know) {
  EXPECT_THAT(sentence([] { make_learner("dual_promt", {}, material_of(random_clip(), class_names)); }),
              testing::HasSubstr("nearest is dual_prompt"));
  EXPECT_THAT(sentence([] { make_strategy("fedavgg", {}); }), testing::HasSubstr("nearest is fedavg"));
  CodecOptions codec;
  codec.codec = "float23";
  EXPECT_THAT(sentence([&] { make_codec(codec); }), testing::HasSubstr("nearest is float32"));
}

}  // namespace
}  // namespace fedorbit
