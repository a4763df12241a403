#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAStream.h>

#include <vector>

#include "model/prompts/tree_kernels.hpp"
#include "model/prompts/tree_steps.hpp"

namespace fedorbit {
namespace {

using tree_kernels::Type;

template <class T>
T* numbers(const Tensor& tensor) {
  return tensor.defined() ? static_cast<T*>(tensor.mutable_data_ptr()) : nullptr;
}

class OnAGpu final : public TreeSteps {
 public:
  OnAGpu(const TowerConfig& tower, Activation activation, c10::ScalarType type)
      : heads_{tower.width, int(tower.heads)},
        gelu_(activation == Activation::gelu),
        type_(type),
        kernel_type_(type == at::kFloat ? Type::float32 : Type::bfloat16) {}

  Tensor add_norm(const Norm& norm, const Tensor& x, const Tensor& y, Normed& kept) const override {
    const Tensor in = x.contiguous(), added = y.defined() ? y.contiguous() : y;
    std::vector<std::int64_t> of_rows = in.sizes().vec();
    of_rows.back() = 1;
    kept = {added.defined() ? at::empty_like(in) : in, at::empty(of_rows, in.options()),
            at::empty(of_rows, in.options())};
    const Tensor out = at::empty(in.sizes(), in.options().dtype(type_));
    tree_kernels::add_norm(kernel_type_, in.numel() / heads_.width, int(heads_.width), numbers<float>(in),
                           numbers<void>(added), numbers<float>(norm.weight), numbers<float>(norm.bias),
                           numbers<float>(kept.x), numbers<void>(out), numbers<float>(kept.mean),
                           numbers<float>(kept.rstd), stream());
    return checked(out);
  }

  Tensor norm_back(const Norm& norm, const Tensor& dn, const Normed& kept, const Tensor& sources,
                   const Tensor& dx) const override {
    const Tensor given = dn.contiguous(), added = dx.defined() ? dx.contiguous() : dx;
    const Tensor out = at::empty(given.sizes(), given.options().dtype(at::kFloat));
    tree_kernels::norm_back(kernel_type_, clients(given.size(0), given.size(1), sources), int(heads_.width),
                            numbers<void>(given), numbers<float>(kept.x), numbers<float>(kept.mean),
                            numbers<float>(kept.rstd), numbers<float>(norm.weight), numbers<float>(added),
                            added.defined() ? added.size(1) : 0, numbers<float>(out), stream());
    return checked(out);
  }

  Tensor activate(Tensor& u, bool with_slope) const override {
    const Tensor active = at::empty_like(u);
    tree_kernels::activate(kernel_type_, gelu_, with_slope, u.numel(), numbers<void>(u), numbers<void>(active),
                           stream());
    return checked(active);
  }

  Tensor activate_back(const Tensor& da, const Tensor& slope, const Tensor& sources) const override {
    const Tensor given = da.contiguous(), out = at::empty_like(given);
    tree_kernels::activate_back(kernel_type_, clients(given.size(0), given.size(1), sources),
                                given.size(1) * given.size(2), numbers<void>(given), numbers<void>(slope),
                                numbers<void>(out), stream());
    return checked(out);
  }

  Tensor attend(const Asking& asking, const Tensor& joined, Tensor& weights) const override {
    const std::int64_t contexts = joined.size(0), Q = asking.ancestors.size(0);
    weights = at::empty({contexts, Q, heads_.count, asking.ancestors.size(1)}, joined.options().dtype(at::kFloat));
    const Tensor mixed = at::empty({contexts, Q, heads_.width}, joined.options());
    tree_kernels::attend(kernel_type_, contexts, askers(asking), heads_, numbers<void>(joined), numbers<float>(weights),
                         numbers<void>(mixed), stream());
    return checked(mixed);
  }

  std::pair<Tensor, Tensor> attend_back(const Asking& asking, const Tensor& dmixed, const Tensor& joined,
                                        const Tensor& weights, const Tensor& sources,
                                        std::int64_t trained) const override {
    const Tensor given = dmixed.contiguous();
    const std::int64_t K = given.size(0), Q = given.size(1), w = heads_.width;
    const bool all = !asking.nodes.defined();
    const Tensor shown = at::empty({K, trained, all ? 3 * w : 2 * w}, given.options());
    const Tensor dqueries = all ? shown.narrow(2, 0, w) : at::empty({K, Q, w}, given.options());
    const Tensor dkeys = shown.narrow(2, all ? w : 0, w), dvalues = shown.narrow(2, all ? 2 * w : w, w);
    const Tensor dscores = at::empty({K, Q, heads_.count, asking.ancestors.size(1)}, given.options().dtype(at::kFloat));
    tree_kernels::attend_back(kernel_type_, clients(K, trained, sources), askers(asking), heads_, numbers<void>(given),
                              numbers<void>(joined), numbers<float>(weights), numbers<float>(dscores),
                              numbers<void>(dqueries), dqueries.stride(1), numbers<void>(dkeys), numbers<void>(dvalues),
                              shown.stride(1), stream());
    checked(shown);
    return {all ? Tensor() : dqueries, shown};
  }

 private:
  static cudaStream_t stream() { return c10::cuda::getCurrentCUDAStream().stream(); }
  static Tensor checked(const Tensor& made) {
    C10_CUDA_KERNEL_LAUNCH_CHECK();
    return made;
  }
  static tree_kernels::Clients clients(std::int64_t clients, std::int64_t rows, const Tensor& sources) {
    return {clients, rows, numbers<std::int64_t>(sources)};
  }
  static tree_kernels::Askers askers(const Asking& asking) {
    return {asking.ancestors.size(0),
            asking.mask.size(1),
            int(asking.ancestors.size(1)),
            numbers<std::int64_t>(asking.nodes),
            numbers<std::int32_t>(asking.ancestors),
            numbers<std::int32_t>(asking.first),
            numbers<std::int32_t>(asking.answered)};
  }

  tree_kernels::Heads heads_;
  bool gelu_;
  c10::ScalarType type_;
  Type kernel_type_;
};

}  // namespace

std::unique_ptr<TreeSteps> make_tree_steps(const TowerConfig& tower, Activation activation, c10::ScalarType type,
                                           at::Device device) {
  const bool known = (type == at::kFloat || type == at::kBFloat16) && tower.width <= tree_kernels::most_width &&
                     tower.width / tower.heads <= tree_kernels::most_head_width && tower.width / tower.heads % 8 == 0 &&
                     tower.mlp_width % 4 == 0;
  if (!device.is_cuda() || !known) return tree_steps_in_operators(tower, activation, type);
  return std::make_unique<OnAGpu>(tower, activation, type);
}

}  // namespace fedorbit
