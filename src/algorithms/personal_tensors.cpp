#include "algorithms/personal_tensors.hpp"

#include <fnmatch.h>

#include <sstream>
#include <utility>
#include <vector>

#include "core/error.hpp"

namespace fedorbit {
namespace {

/// A learner under a layout in which other tensors are personal; it finds them by their names.
class Relabelled final : public Learner {
 public:
  Relabelled(std::shared_ptr<Learner> learner, Layout layout)
      : learner_(std::move(learner)), layout_(std::move(layout)) {}

  const Layout& layout() const override { return layout_; }
  void initialise(Parameters& parameters, Owner owner, std::span<const ClientId> clients, const Keys& keys) override {
    Parameters original(learner_->layout(), parameters.clients(), parameters.flat(owner).device());
    learner_->initialise(original, Owner::shared, clients, keys);
    learner_->initialise(original, Owner::personal, clients, keys);
    if (owner == Owner::turn) {  // these may be made of what is there
      for (const Entry& entry : layout_.entries()) copy(parameters, original, entry.name);
      learner_->initialise(original, Owner::turn, clients, keys);
    }
    for (const Entry& entry : layout_.entries(owner)) copy(original, parameters, entry.name);
  }
  Tensor loss(const Parameters& parameters, const Batch& batch, Turn& turn) override {
    // The learner's own shared tensors are meant, and what is personal now differs among clients.
    const bool alike = std::exchange(turn.alike, false);
    Tensor loss = learner_->loss(parameters, batch, turn);
    turn.alike = alike;
    return loss;
  }
  void after_step(Parameters& parameters, const Turn& turn) override { learner_->after_step(parameters, turn); }
  bool needs_patches() const override { return learner_->needs_patches(); }
  double step_bytes(std::int64_t batch_size) const override { return learner_->step_bytes(batch_size); }
  std::int64_t usual_group(const at::Device& device) const override { return learner_->usual_group(device); }
  bool replayable() const override { return learner_->replayable(); }
  std::vector<std::string> diagnostics() const override { return learner_->diagnostics(); }
  std::vector<std::string> warnings(std::span<const double> means) const override { return learner_->warnings(means); }
  Classifier* classifier() override { return learner_->classifier(); }

 private:
  static void copy(const Parameters& from, const Parameters& to, const std::string& name) {
    to[name].detach().copy_(from[name].detach());
  }

  std::shared_ptr<Learner> learner_;
  Layout layout_;
};

std::vector<std::string> patterns_in(const std::string& list) {
  std::vector<std::string> patterns;
  std::istringstream words(list);
  for (std::string part; std::getline(words, part, ';');)
    if (const auto first = part.find_first_not_of(' '); first != part.npos)
      patterns.push_back(part.substr(first, part.find_last_not_of(' ') - first + 1));
  return patterns;
}

std::string names_of(const std::vector<Entry>& entries) {
  std::string names;
  for (const Entry& entry : entries) names += (names.empty() ? "" : ", ") + entry.name;
  return names;
}

}  // namespace

std::shared_ptr<Learner> with_personal_tensors(std::shared_ptr<Learner> learner, const std::string& list) {
  const std::vector<std::string> patterns = patterns_in(list);
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
