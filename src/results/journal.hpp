// What a run has recorded, in a file that only grows: rows of the results' tables, each piece under a checksum of all
// that came before it. The results file can be made from it at any time, whatever a kill left of that one.
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace fedorbit {

class Journal {
 public:
  using Cell = std::variant<std::int64_t, double, std::string>;
  using Row = std::vector<Cell>;
  using Visit = std::function<void(const std::string& table, std::vector<Row>& rows)>;
  /// How much of a journal something stands on: its first bytes, and their checksum.
  struct Mark {
    std::int64_t bytes = 0;
    std::string checksum;
  };

  /// A new, empty one; what was under that name is lost.
  explicit Journal(const std::filesystem::path& path);
  /// Whether a row (of a table) stays.
  using Keep = std::function<bool(const std::string& table, const Row& row)>;
  /// Goes on after `mark`. Of what follows it, rows that are to be kept stay as far as they are whole; the rest goes.
  Journal(const std::filesystem::path& path, const Mark& mark, const Keep& keep);
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;
  ~Journal();

  /// Waits in memory for flush() or keep().
  void add(std::string_view table, const std::vector<Row>& rows);
  /// The system has it: it outlives this process.
  void flush();
  /// The disk has it: it outlives a loss of power, and a checkpoint may stand on the mark.
  Mark keep();
  /// All that was added, in its order.
  void visit(const Visit& visitor);

  /// Throws where the file does not hold, to the bit, what the mark was given for.
  static void require_whole(const std::filesystem::path& path, const Mark& mark);

 private:
  std::filesystem::path path_;
  int file_ = -1;
  Mark end_;  // of what was added, waiting pieces too
  std::string waiting_;
};

}  // namespace fedorbit
