#include "results/resume.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>

#include <bit>

#include "core/error.hpp"
#include "core/version.hpp"
#include "core/words.hpp"
#include "io/file.hpp"

namespace fedorbit {
namespace {

constexpr const char* global = "global";
constexpr const char* statistics = "statistics";  // only where there are any
constexpr const char* bounds = "bounds";
constexpr const char* memory_prefix = "memory.";
constexpr const char* held_prefix = "held.";  // then the name of a message: what clients hold
constexpr const char* held_bytes_prefix = "held_bytes.";
constexpr const char* version_prefix = "version.";  // then the rounds that an older model has seen
constexpr const char* selected = "selected";
constexpr const char* selected_by = "selected_by";  // rounds done, and the bits of the accuracy

/// A tensor with so many axes, as to_checkpoint() wrote it.
const Tensor& held(const std::map<std::string, Tensor>& tensors, const std::string& name, std::int64_t axes,
                   at::ScalarType type = at::kFloat) {
  const auto found = tensors.find(name);
  require(found != tensors.end() && found->second.scalar_type() == type && found->second.dim() == axes,
          "the checkpoint holds no ", type == at::kFloat ? "float32" : "int64", " tensor ", name, " with ", axes,
          axes == 1 ? " axis" : " axes", ": the run cannot go on from it; pass --restart to begin anew.");
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

/// The root's vectors whose names begin so, on every rank, by the rest of their names. These differ from method to
/// method: they travel as texts, the root's count.
std::map<std::string, Tensor> shared_vectors(const Checkpoint& checkpoint, const std::string& prefix,
                                             Communicator& communicator, at::ScalarType type = at::kFloat) {
  std::string names;
  for (const auto& [name, vector] : checkpoint.server)
    if (name.starts_with(prefix)) names += name.substr(prefix.size()) + "\n";
  names = communicator.all_gather_text(names).front();
  std::map<std::string, Tensor> vectors;
  for (std::size_t begin = 0; begin < names.size(); begin = names.find('\n', begin) + 1) {
    const std::string name = names.substr(begin, names.find('\n', begin) - begin);
    vectors[name] = shared_vector(communicator.root() ? held(checkpoint.server, prefix + name, 1, type) : Tensor(),
                                  type, communicator);
  }
  return vectors;
}

}  // namespace

Checkpoint to_checkpoint(const State& state, const std::string& options_toml, const Journal::Mark& recorded) {
  Checkpoint checkpoint;
  checkpoint.round = state.server.round;
  checkpoint.options_toml = options_toml;
  checkpoint.build = build();
  checkpoint.recorded = recorded;
  checkpoint.server = {{global, state.server.global}, {bounds, state.bounds}};
  if (state.server.statistics.defined()) checkpoint.server[statistics] = state.server.statistics;
  for (const auto& [name, vector] : state.server.memory) checkpoint.server[memory_prefix + name] = vector;
  for (const auto& [version, shared] : state.versions)
    checkpoint.server[version_prefix + std::to_string(version)] = shared;
  for (const auto& [name, held] : state.mirror) {
    checkpoint.server[held_prefix + name] = held.values;
    checkpoint.server[held_bytes_prefix + name] = at::tensor(held.bytes, at::kLong);
  }
  if (state.selected) {
    checkpoint.server[selected] = state.selected->shared;
    checkpoint.server[selected_by] =
        at::tensor({state.selected->round, std::bit_cast<std::int64_t>(state.selected->accuracy)}, at::kLong);
  }
  checkpoint.clients = state.clients;
  return checkpoint;
}

std::filesystem::path damaged_path(const std::filesystem::path& checkpoint) { return checkpoint.string() + ".damaged"; }

Restart whole_checkpoint(const std::filesystem::path& path, const std::filesystem::path& journal) {
  const auto read = [&](const std::filesystem::path& file) {
    Checkpoint checkpoint = Checkpoint::read(file);
    Journal::require_whole(journal, checkpoint.recorded);
    return checkpoint;
  };
  const std::filesystem::path before = Checkpoint::previous(path);
  std::string refused;
  try {
    if (std::filesystem::exists(path)) return {read(path), ""};
  } catch (const Error& damage) {
    refused = damage.what();
    require(std::filesystem::exists(before), refused,
            " There is no checkpoint before it: pass --restart to begin anew.");
  }
  Restart restart;
  try {
    restart.checkpoint = read(before);
  } catch (const Error& damage) {
    fail(refused, refused.empty() ? "" : " Nor can the run go on from the checkpoint before: ", damage.what(),
         " So pass --restart to begin anew.");
  }
  if (!refused.empty()) {
    restart.warning = text(refused, " The run goes on from the checkpoint before, after ",
                           counted(restart.checkpoint.round, "round"), ".");
    replace_file(path, damaged_path(path));
  }
  replace_file(before, path);
  return restart;
}

void require_same_build(const Checkpoint& checkpoint, bool allowed) {
  require(allowed || checkpoint.build == build(), "the run was begun by FedOrbit ", checkpoint.build, ", and this is ",
          build(),
          ", whose numbers may differ: go on with the build that began it, or pass --other-build, which the "
          "results will say.");
}

std::vector<EventRecord> events_of_restart(const Restart& restart, const Communicator& communicator,
                                           const std::string& hosts) {
  const std::int64_t round = restart.checkpoint.round;
  std::vector<EventRecord> events;
  if (!restart.warning.empty()) events.push_back({round, "damaged", restart.warning});
  events.push_back({round, "resumed",
                    text("the run goes on after ", counted(round, "round"), ", on ",
                         counted(communicator.size(), "rank"), " of ", hosts, ".")});
  if (restart.checkpoint.build != build())
    events.push_back({round, "other build",
                      text("the run goes on with FedOrbit ", build(), "; what is before came from ",
                           restart.checkpoint.build, ".")});
  return events;
}

State shared_state(const Checkpoint& checkpoint, Communicator& communicator) {
  const bool root = communicator.root();
  State state;
  Tensor round = at::tensor(checkpoint.round);
  communicator.broadcast(round);
  state.server.round = round.item<std::int64_t>();
  state.server.global = shared_vector(root ? held(checkpoint.server, global, 1) : Tensor(), at::kFloat, communicator);
  const bool kept = root && checkpoint.server.contains(statistics);
  const Tensor of_all =
      shared_vector(kept ? held(checkpoint.server, statistics, 1) : at::empty({0}), at::kFloat, communicator);
  if (of_all.numel() > 0) state.server.statistics = of_all;
  state.bounds =
      shared_vector(root ? held(checkpoint.server, bounds, 1, at::kLong) : Tensor(), at::kLong, communicator);

  state.server.memory = shared_vectors(checkpoint, memory_prefix, communicator);
  for (const auto& [version, shared] : shared_vectors(checkpoint, version_prefix, communicator))
    state.versions[std::stoll(version)] = shared;
  for (const auto& [name, values] : shared_vectors(checkpoint, held_prefix, communicator))
    state.mirror[name].values = values;
  for (const auto& [name, bytes] : shared_vectors(checkpoint, held_bytes_prefix, communicator, at::kLong))
    state.mirror[name].bytes.assign(bytes.const_data_ptr<std::int64_t>(),
                                    bytes.const_data_ptr<std::int64_t>() + bytes.numel());

  const bool any_selected = root && checkpoint.server.contains(selected_by);
  const Tensor by =
      shared_vector(any_selected ? held(checkpoint.server, selected_by, 1, at::kLong) : at::empty({0}, at::kLong),
                    at::kLong, communicator);
  if (by.numel() == 2) {
    const auto* numbers = by.const_data_ptr<std::int64_t>();
    state.selected = {numbers[0], std::bit_cast<double>(numbers[1]),
                      shared_vector(root ? held(checkpoint.server, selected, 1) : Tensor(), at::kFloat, communicator)};
  }

  state.clients = checkpoint.clients;
  return state;
}

}  // namespace fedorbit
