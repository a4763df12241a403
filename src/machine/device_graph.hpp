// A piece of a GPU's work, recorded once and launched whole as often as one likes: a CUDA graph.
#pragma once
#include <functional>
#include <memory>

namespace fedorbit {

class DeviceGraph {
 public:
  virtual ~DeviceGraph() = default;
  /// Records what `work` asks of the current stream, without doing it. Every tensor that `work` reads or writes must
  /// stay where it is; what is made inside belongs to the graph.
  virtual void record(const std::function<void()>& work) = 0;
  /// Does what was recorded, on the current stream.
  virtual void replay() = 0;
};

/// Throws in a build without CUDA.
std::unique_ptr<DeviceGraph> make_device_graph();

}  // namespace fedorbit
