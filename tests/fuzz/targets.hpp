// The parsers of files that strangers wrote, each as a function of bytes that must end in a result or in an Error.
#pragma once
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace fedorbit {

struct FuzzTarget {
  std::string_view name;
  void (*parse)(std::span<const std::byte>);  // throws nothing but Error
};

const std::vector<FuzzTarget>& fuzz_targets();

/// The target of that name; ends the program where there is none.
const FuzzTarget& fuzz_target(std::string_view name);

/// Runs the target; true where the input was accepted. Whatever is thrown besides an Error passes through.
bool accepts(const FuzzTarget& target, std::span<const std::byte> input);

}  // namespace fedorbit
