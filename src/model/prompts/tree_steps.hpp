// What a prompt tree (prompt_tree.hpp) does between two products, forward and back: in kernels of our own on a GPU, a
// pass over memory each; in LibTorch's operators on any other device.
#pragma once
#include <memory>
#include <utility>

#include "core/tensor.hpp"
#include "model/clip_config.hpp"
#include "model/prompts/prompt_trie.hpp"

namespace fedorbit {

struct Norm {
  Tensor weight, bias;  // (w) float32
};

/// A norm's input and statistics, float32: what its backward needs.
struct Normed {
  Tensor x, mean, rstd;  // (U, rows, w), (U, rows, 1)
};

/// The Q nodes that ask in a layer: all of the tree, or the ends of its prompts. Each attends to itself and to what
/// stands above it.
struct Asking {
  Asking() = default;
  /// `ends`: only those. `like` tells the products' type and the device.
  Asking(const PromptTrie& trie, bool ends, const Tensor& like);
  Tensor nodes;            // (Q) int64; undefined: all
  Tensor mask;             // (Q, n), added to scores
  Tensor ancestors;        // (Q, A) int32, from the root down; -1 after the last
  Tensor first, answered;  // (n + 1), (all) int32: node m answers the q * A + slot of answered[first[m]] and on
};

/// `sources` (K) int64 says whose activations client k has; undefined: its own. T is the products' type.
class TreeSteps {
 public:
  virtual ~TreeSteps() = default;
  /// The norm of x + y, in T; x (..., w) float32, y (..., w) in T or undefined. `kept` gets the sum and its statistics.
  virtual Tensor add_norm(const Norm& norm, const Tensor& x, const Tensor& y, Normed& kept) const = 0;
  /// dx plus what comes back through a norm, given its output's gradient dn (K, rows, w) in T: (K, rows, w) float32.
  /// dx (K, rows or more, w) float32 counts up to `rows`, and may be undefined.
  virtual Tensor norm_back(const Norm& norm, const Tensor& dn, const Normed& kept, const Tensor& sources,
                           const Tensor& dx) const = 0;
  /// The activation of u, in T; with `with_slope` u becomes its derivative there.
  virtual Tensor activate(Tensor& u, bool with_slope) const = 0;
  /// da (K, Q, m) times the slopes (U, Q, m) that activate() left.
  virtual Tensor activate_back(const Tensor& da, const Tensor& slope, const Tensor& sources) const = 0;
  /// Attention: queries, keys and values (U, n, 3w) -> (U, Q, w), all in T. `weights` is for the backward alone.
  virtual Tensor attend(const Asking& asking, const Tensor& joined, Tensor& weights) const = 0;
  /// The gradients of the first `trained` nodes, given dmixed (K, Q, w). Where all ask: nothing, and that of joined
  /// (K, trained, 3w); else that of the askers' queries (K, Q, w), and that of keys and values (K, trained, 2w).
  virtual std::pair<Tensor, Tensor> attend_back(const Asking& asking, const Tensor& dmixed, const Tensor& joined,
                                                const Tensor& weights, const Tensor& sources,
                                                std::int64_t trained) const = 0;
};

/// In LibTorch's operators, for any device.
std::unique_ptr<TreeSteps> tree_steps_in_operators(const TowerConfig& tower, Activation activation,
                                                   c10::ScalarType type);

/// The fastest for this device.
std::unique_ptr<TreeSteps> make_tree_steps(const TowerConfig& tower, Activation activation, c10::ScalarType type,
                                           at::Device device);

}  // namespace fedorbit
