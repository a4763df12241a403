// What `fedorbit run` reads before its run directory is touched: a misspelt name loses nothing there.
#pragma once
#include <memory>
#include <optional>
#include <vector>

#include "comm/communicator.hpp"
#include "data/dataset.hpp"
#include "evaluation/downstream.hpp"
#include "federation/assemble.hpp"
#include "inputs/sources.hpp"

namespace fedorbit {

struct OpenedRun {
  Sources sources;
  Parts parts;
  std::unique_ptr<Downstream> downstream;  // where encoders are judged on other data, too
  std::optional<Dataset> public_images;    // of data.public, where the strategy looks at any
};

/// Collective. Options that leave a choice are settled, as assemble() has it.
OpenedRun open_run(Experiment& experiment, at::Device device, Communicator& communicator);

/// The batches that the server looks at: of data.public, or of what was set aside of the data behind `batches`.
std::vector<Batch> public_images_of(const OpenedRun& opened, const Batches& batches, const ReadingOptions& reading);

}  // namespace fedorbit
