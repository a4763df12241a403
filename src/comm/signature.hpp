// What a rank says it is about to do: compared over all ranks before any data moves, so that a rank in another
// collective, or with another size, type or options, is named instead of hanging.
#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <string>

#include "comm/traffic.hpp"

namespace fedorbit {

enum class Reduce : std::int64_t { sum, max };

/// Fixed size and plain bytes: it travels as it lies in memory.
struct Signature {
  Collective collective = Collective::barrier;
  std::int64_t dtype = -1;  // c10::ScalarType; -1 where no tensor is involved
  std::int64_t device = 0;  // c10::DeviceType; 0 is the CPU
  Reduce reduce = Reduce::sum;
  std::int64_t numel = 0;
  std::int64_t call = 0;           // how many collectives this rank called before
  std::uint64_t fingerprint = 0;   // of what is agreed on
  std::array<char, 72> subject{};  // what is agreed on, in words

  bool operator==(const Signature&) const = default;
};

/// "float32": of a c10::ScalarType.
std::string type_name(std::int64_t dtype);

/// A number that stands for a signature.
std::uint64_t fingerprint(const Signature&);

/// "all_reduce (sum) of 5 float32 values on cuda".
std::string described(const Signature&);

/// Throws the same SharedError on every rank unless all signatures, one per rank, are equal. It names the lowest rank
/// that deviates from rank 0.
void require_same(std::span<const Signature> of_all);

}  // namespace fedorbit
