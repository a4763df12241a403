#include "algorithms/personal_tensors.hpp"

#include <fnmatch.h>

#include <optional>
#include <utility>
#include <vector>

#include "core/error.hpp"
#include "core/words.hpp"

namespace fedorbit {
namespace {

/// A learner under a layout in which other tensors are personal; it finds them by their names.
class Relabelled final : public Learner {
 public:
  Relabelled(std::shared_ptr<Learner> learner, Layout layout)
      : learner_(std::move(learner)), layout_(std::move(layout)) {}

  const Layout& layout() const override { return layout_; }
  void initialise(Parameters& parameters, Owner owner, std::span<const ClientId> clients, const Keys& keys) override {
    if (layout_.size(owner) == 0) return;
    const bool draws = owner != Owner::shared && learner_->layout().size(owner) > 0;
    if (!draws) return copy(beginning(keys), parameters, owner);
    Parameters original(learner_->layout(), parameters.clients(), parameters.flat(owner).device());
    if (owner == Owner::turn)  // these may be made of what is there
      for (const Owner there : {Owner::shared, Owner::personal}) copy(parameters, original, there);
    else
      copy(beginning(keys), original, Owner::shared);
    learner_->initialise(original, owner, clients, keys);
    copy(original, parameters, owner);
  }
  Tensor loss(const Parameters& parameters, const Batch& batch, Turn& turn) override {
    // The learner's own shared tensors are meant, and what is personal now differs among clients.
    const bool alike = std::exchange(turn.alike, false);
    Tensor loss = learner_->loss(parameters, batch, turn);
    turn.alike = alike;
    return loss;
  }
  void after_step(Parameters& parameters, const Turn& turn) override { learner_->after_step(parameters, turn); }
  Needs needs() const override { return learner_->needs(); }
  std::int64_t smallest_batch() const override { return learner_->smallest_batch(); }
  std::string refusal(std::int64_t images) const override { return learner_->refusal(images); }
  std::string assumption() const override { return learner_->assumption(); }
  std::string weights_checksum() const override { return learner_->weights_checksum(); }
  double step_bytes(std::int64_t batch_size) const override { return learner_->step_bytes(batch_size); }
  std::int64_t usual_group(const at::Device& device) const override { return learner_->usual_group(device); }
  bool replayable() const override { return learner_->replayable(); }
  std::vector<std::string> diagnostics() const override { return learner_->diagnostics(); }
  std::vector<std::string> warnings(std::span<const double> means) const override { return learner_->warnings(means); }
  std::string idle() const override { return learner_->idle(); }
  Classifier* classifier() override { return learner_->classifier(); }
  Encoder* encoder() override { return learner_->encoder(); }

 private:
  /// What the learner's shared tensors begin as, for every client, in its own layout. Drawn once.
  const Parameters& beginning(const Keys& keys) {
    if (!beginning_ || drawn_from_ != keys) {
      const ClientId nobody = 0;  // values of shared tensors do not depend on clients
      beginning_.emplace(learner_->layout(), 1);
      learner_->initialise(*beginning_, Owner::shared, {&nobody, 1}, keys);
      drawn_from_ = keys;
    }
    return *beginning_;
  }
  /// Tensors that are this owner's here, or were the learner's shared ones: by their names.
  void copy(const Parameters& from, const Parameters& to, Owner owner) const {
    const Layout& named = &to.layout() == &layout_ ? layout_ : learner_->layout();
    for (const Entry& entry : named.entries(owner)) to[entry.name].detach().copy_(from[entry.name].detach());
  }

  std::shared_ptr<Learner> learner_;
  Layout layout_;
  std::optional<Parameters> beginning_;
  Keys drawn_from_{0};
};

std::string names_of(const std::vector<Entry>& entries) {
  std::string names;
  for (const Entry& entry : entries) names += (names.empty() ? "" : ", ") + entry.name;
  return names;
}

}  // namespace

std::shared_ptr<Learner> with_personal_tensors(std::shared_ptr<Learner> learner, const std::string& list) {
  const std::vector<std::string> patterns = listed(list);
  if (patterns.empty()) return learner;
  std::vector<bool> used(patterns.size(), false);
  Layout layout;
  for (Entry entry : learner->layout().entries()) {
    for (std::size_t i = 0; entry.owner != Owner::turn && i < patterns.size(); ++i)
      if (::fnmatch(patterns[i].c_str(), entry.name.c_str(), 0) == 0) {
        used[i] = used[i] || entry.owner == Owner::shared;
        entry.owner = Owner::personal;
      }
    layout.add(std::move(entry));
  }
  for (std::size_t i = 0; i < patterns.size(); ++i)
    require(used[i], "method.personal = \"", list, "\": ", patterns[i], " is the name of no shared tensor; there are ",
            names_of(learner->layout().entries(Owner::shared)), ".");
  return std::make_shared<Relabelled>(std::move(learner), std::move(layout));
}

}  // namespace fedorbit
