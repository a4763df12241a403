// A client that does next to nothing: what a round costs beside it is the simulator's own.
#pragma once
#include <ATen/ATen.h>

#include "algorithms/learner.hpp"

namespace fedorbit::bench {

/// The least that is a client: one dot product of its 2,048 parameters with the first four features of its batch.
class Trivial final : public Learner {
 public:
  Trivial() { layout_.add({"weights", {4, 512}, Owner::shared}); }
  const Layout& layout() const override { return layout_; }
  std::int64_t usual_group(const at::Device&) const override { return 40; }
  void initialise(Parameters&, Owner, std::span<const ClientId>, const Keys&) override {}
  Tensor loss(const Parameters& parameters, const Batch& batch, Turn&) override {
    return (parameters["weights"] * batch.features.narrow(1, 0, 4)).sum(at::IntArrayRef{1, 2});
  }

 private:
  Layout layout_;
};

}  // namespace fedorbit::bench
