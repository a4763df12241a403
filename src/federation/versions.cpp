#include "federation/versions.hpp"

namespace fedorbit {

const Server& Versions::server(std::int64_t version) const { return version == now_.round ? now_ : older_.at(version); }

Downloads& Versions::downloads(std::int64_t version) {
  return downloads_
      .try_emplace(version, workshop_.strategy, workshop_.download_codec, workshop_.learner.layout(), server(version),
                   workshop_.keys, mirror_)
      .first->second;
}

void Versions::end(std::int64_t oldest_version) {
  downloads_.clear();
  if (oldest_version <= now_.round) {
    Server& kept = older_[now_.round] = now_;
    kept.global = now_.global.clone();  // a strategy may change it in place
    kept.memory.clear();
  }
  std::erase_if(older_, [&](const auto& version) { return version.first < oldest_version; });
}

std::map<std::int64_t, Tensor> Versions::kept() const {
  std::map<std::int64_t, Tensor> out;
  for (const auto& [version, server] : older_) out[version] = server.parameters();
  return out;
}

void Versions::restore(const std::map<std::int64_t, Tensor>& kept) {
  downloads_.clear();
  const Layout& layout = workshop_.learner.layout();
  const std::int64_t weights = layout.weights(Owner::shared), statistics = layout.statistics(Owner::shared);
  for (const auto& [version, all] : kept) {
    Server& server = older_[version];
    server.round = version;
    server.global = all.narrow(0, 0, weights);
    if (statistics > 0) server.statistics = all.narrow(0, weights, statistics);
  }
}

}  // namespace fedorbit
