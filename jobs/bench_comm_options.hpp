// What `fedorbit bench-comm` measures: which collectives, of which types, in which sizes, how often.
#pragma once
#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "comm/benchmark.hpp"
#include "core/error.hpp"
#include "core/words.hpp"
#include "federation/experiment.hpp"

namespace fedorbit {

/// A size in bytes, and whose message it is where it is one of a method's.
struct Size {
  std::int64_t bytes;
  std::string payload;
};

struct BenchCommOptions {
  std::string format = "osu", chosen = "all_reduce; broadcast; all_gather; exchange; barrier";
  std::int64_t smallest = 4, largest = std::int64_t{1} << 26, calls = 0;
  double factor = 4;
  bool payloads = true;
  MachineOptions machine;

  void fields(OptionList& v) {
    v("format", format, "columns on the terminal: those of osu_allreduce, or of nccl-tests", {"osu", "nccl"});
    v("collectives", chosen, "which are measured, separated by semicolons");
    v("smallest", smallest, "bytes", "that every rank hands in, at first", 1, 1e12);
    v("largest", largest, "bytes", "the last size, at most", 1, 1e12);
    v("factor", factor, "", "from one size to the next", 1.01, 1e6);
    v("calls", calls, "calls", "of each size; 0: 1000 up to 64 KiB, 100 up to 16 MiB, 20 up to 64 MiB, 5 beyond", 0,
      1e9);
    v("payloads", payloads,
      "whether the updates of published methods are sizes, too: of all_reduce alone, in eight bytes a parameter where "
      "whole numbers are summed, as the exact sum has them");
    v.section("machine", machine);
  }

  void check() const {
    require(largest >= smallest, "largest = ", largest, " is less than smallest = ", smallest, ".");
    collectives();
  }

  std::vector<Collective> collectives() const {
    static constexpr std::array measured{Collective::all_reduce, Collective::broadcast, Collective::all_gather,
                                         Collective::exchange, Collective::barrier};
    std::vector<std::string> known;
    for (const Collective one : measured) known.emplace_back(name(one));
    std::vector<Collective> out;
    for (const std::string& wanted : listed(chosen)) {
      const auto found = std::ranges::find(known, wanted);
      require(found != known.end(), "collectives = \"", chosen, "\": ", wanted, " is not measured; the nearest is ",
              nearest(wanted, known), ".");
      out.push_back(measured[std::size_t(found - known.begin())]);
    }
    require(!out.empty(), "collectives names none.");
    return out;
  }

  /// The exact sum is of whole numbers, everything else of float32.
  std::vector<c10::ScalarType> types_of(Collective collective) const {
    if (collective == Collective::all_reduce) return {at::kLong, at::kFloat};
    return {at::kFloat};
  }

  std::int64_t calls_of(std::int64_t bytes) const {
    if (calls > 0) return calls;
    if (bytes <= 1 << 16) return 1000;
    if (bytes <= 1 << 24) return 100;
    return bytes <= 1 << 26 ? 20 : 5;
  }

  /// Ascending; each what the type and, of an exchange, the ranks divide.
  std::vector<Size> sizes_for(const Measurement& what, int ranks) const {
    if (what.collective == Collective::barrier) return {{0, ""}};
    const auto element = std::int64_t(c10::elementSize(what.type));
    const std::int64_t unit = what.collective == Collective::exchange ? element * ranks : element;
    std::vector<Size> sizes;
    for (double size = double(smallest); size <= double(largest); size *= factor)
      if (const std::int64_t bytes = (std::int64_t(size) + unit - 1) / unit * unit;
          bytes <= std::max(largest, unit) && (sizes.empty() || bytes > sizes.back().bytes))
        sizes.push_back({bytes, ""});
    if (payloads && what.collective == Collective::all_reduce)
      for (const auto& [method, parameters] : std::initializer_list<std::pair<const char*, std::int64_t>>{
               {"FedRSCLIP", 2048}, {"FedCLIP", 525312}, {"ViT-B/16", 86567656}})
        if (const std::int64_t bytes = parameters * element; bytes >= smallest && bytes <= largest)
          sizes.push_back({bytes, method});
    require(!sizes.empty(), "no size of ", name(what.collective), " lies between smallest = ", smallest,
            " and largest = ", largest, " bytes: each is a multiple of ", unit, " here.");
    std::ranges::stable_sort(sizes, {}, &Size::bytes);
    return sizes;
  }
};

}  // namespace fedorbit
