// PowerSGD (Vogels et al. 2019, arXiv 1905.13727): a matrix M (n, m) as P Q^T of low rank r, P (n, r) of orthonormal
// columns and Q = M^T P (m, r). The paper's two rounds of all-reduce find one P for all clients; a message of one
// client cannot, so here each has the P of its own M, by power iterations from a start that its keys draw.
#pragma once
#include "algorithms/codec.hpp"
#include "core/options.hpp"

namespace fedorbit {

struct PowerSgdOptions {
  std::int64_t rank = 2, iterations = 2;
  void fields(OptionList& v) {
    v("rank", rank, "columns", "of both factors of a matrix", 1, 1e6);
    v("iterations", iterations, "iterations", "in which they are found; more are nearer to the best of that rank", 1,
      1000);
  }
};

/// Tensors of two and more axes are matrices of their first axis by the others; what would be no shorter as factors
/// travels as it is.
class PowerSgdCodec final : public SizedCodec {
 public:
  explicit PowerSgdCodec(const PowerSgdOptions& options) : rank_(options.rank), iterations_(options.iterations) {}
  std::int64_t size(const Layout& layout) const override;

 protected:
  const char* name() const override { return "power_sgd"; }

 private:
  void write(const float* values, const Message& message, std::byte* out) const override;
  void read(const std::byte* in, const Message& message, float* values) const override;

  std::int64_t rank_, iterations_;
};

}  // namespace fedorbit
