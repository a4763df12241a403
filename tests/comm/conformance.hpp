// What every communicator must do, as a suite that each backend is put through.
#pragma once
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "comm/communicator.hpp"

namespace fedorbit {

/// A communicator under test and the device on which its tensors lie.
struct Backend {
  std::string label;
  std::function<std::unique_ptr<Communicator>()> make;
  c10::DeviceType device = c10::DeviceType::CPU;

  friend void PrintTo(const Backend& backend, std::ostream* out) { *out << backend.label; }
};

class CommunicatorConformance : public testing::TestWithParam<Backend> {
 protected:
  void SetUp() override { comm = GetParam().make(); }

  /// (numel) values formula(0), formula(1), ... of a type on the device under test.
  Tensor made(std::int64_t numel, c10::ScalarType type, const std::function<double(std::int64_t)>& formula) const;
  /// A float32 vector of one value.
  Tensor same(std::int64_t numel, double value) const;

  /// What `call` throws on this rank, checked to be a SharedError and the same sentence on every rank; empty if
  /// nothing.
  std::string shared_sentence(const std::function<void()>& call);

  std::unique_ptr<Communicator> comm;
};

inline std::string label(const testing::TestParamInfo<Backend>& info) { return info.param.label; }

}  // namespace fedorbit
