// Rows of numbers, all of one length: in memory while they are few, in a file of this rank where they are not.
#pragma once
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>

#include "core/tensor.hpp"

namespace fedorbit {

/// A row on a shelf. When it goes, its place is free for another.
class KeptRow {
 public:
  virtual ~KeptRow() = default;
  /// Numbers [first, first + n) into `into`, (n) float32 in one piece on the CPU.
  virtual void read(std::int64_t first, const Tensor& into) const = 0;
};

class RowShelf {
 public:
  struct Room {
    std::int64_t memory = std::numeric_limits<std::int64_t>::max();  // bytes of rows that may lie there
    std::filesystem::path folder{};                                  // where the file of the others is made
    std::int64_t moving = std::int64_t(1) << 26;  // bytes of rows on their way between ranks at once; at least a row
  };
  RowShelf(std::int64_t row_length, Room room);
  ~RowShelf();
  RowShelf(RowShelf&&) noexcept;
  RowShelf& operator=(RowShelf&&) noexcept;

  /// Keeps a copy of `row`, (row_length) float32 in one piece on the CPU. Throws where there is no room for it.
  std::unique_ptr<const KeptRow> put(const Tensor& row);

 private:
  struct Places;
  class InMemory;
  class InFile;
  std::shared_ptr<Places> places_;  // its rows may outlive the shelf
};

}  // namespace fedorbit
