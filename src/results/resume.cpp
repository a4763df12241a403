#include "results/resume.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>

#include "core/error.hpp"

namespace fedorbit {
namespace {

constexpr const char* global = "global";
constexpr const char* last_update = "last_update";
constexpr const char* memory_prefix = "memory.";
constexpr const char* rows = "rows";

/// A tensor of floats with so many axes, as to_checkpoint() wrote it.
const Tensor& held(const std::map<std::string, Tensor>& tensors, const std::string& name, std::int64_t axes) {
  const auto found = tensors.find(name);
  require(found != tensors.end() && found->second.scalar_type() == at::kFloat && found->second.dim() == axes,
          "the checkpoint holds no float32 tensor ", name, " with ", axes, axes == 1 ? " axis" : " axes",
          ": the run cannot go on from it; pass --restart to begin anew.");
  return found->second;
}

/// The root's vector on every rank, whatever its length.
Tensor shared_vector(Tensor vector, at::ScalarType type, Communicator& communicator) {
  Tensor length = at::tensor(communicator.root() ? vector.numel() : std::int64_t{0});
  communicator.broadcast(length);
  if (!communicator.root()) vector = at::empty({length.item<std::int64_t>()}, type);
  vector = vector.contiguous();
  communicator.broadcast(vector);
  return vector;
}

}  // namespace

Checkpoint to_checkpoint(const State& state, const std::string& options_toml) {
  Checkpoint checkpoint;
  checkpoint.round = state.server.round;
  checkpoint.options_toml = options_toml;
  checkpoint.server = {{global, state.server.global}, {last_update, state.server.last_update}};
  for (const auto& [name, vector] : state.server.memory) checkpoint.server[memory_prefix + name] = vector;
  checkpoint.clients = state.clients.clients;
  checkpoint.client_rows = {{rows, state.clients.rows}};
  return checkpoint;
}

State shared_state(const Checkpoint& checkpoint, Communicator& communicator) {
  const bool root = communicator.root();
  State state;
  Tensor round = at::tensor(checkpoint.round);
  communicator.broadcast(round);
  state.server.round = round.item<std::int64_t>();
  state.server.global = shared_vector(root ? held(checkpoint.server, global, 1) : Tensor(), at::kFloat, communicator);
  state.server.last_update =
      shared_vector(root ? held(checkpoint.server, last_update, 1) : Tensor(), at::kFloat, communicator);

  // Names of the strategy's memories differ from method to method: they travel as texts, the root's count.
  std::string names;
  for (const auto& [name, vector] : checkpoint.server)
    if (name.starts_with(memory_prefix)) names += name.substr(std::string(memory_prefix).size()) + "\n";
  names = communicator.all_gather_text(names).front();
  for (std::size_t begin = 0; begin < names.size(); begin = names.find('\n', begin) + 1) {
    const std::string name = names.substr(begin, names.find('\n', begin) - begin);
    state.server.memory[name] =
        shared_vector(root ? held(checkpoint.server, memory_prefix + name, 1) : Tensor(), at::kFloat, communicator);
  }

  const Tensor clients =
      shared_vector(root ? at::tensor(checkpoint.clients, at::kLong) : Tensor(), at::kLong, communicator);
  state.clients.clients.assign(clients.const_data_ptr<std::int64_t>(),
                               clients.const_data_ptr<std::int64_t>() + clients.numel());
  if (root) {
    state.clients.rows = held(checkpoint.client_rows, rows, 2);
    require(state.clients.rows.size(0) == clients.numel(), "the checkpoint has ", state.clients.rows.size(0),
            " rows for ", clients.numel(), " clients: the run cannot go on from it; pass --restart to begin anew.");
  }
  return state;
}

}  // namespace fedorbit
