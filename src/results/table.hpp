// A long table of a results file: one extendible dataset for each column, rows appended to all of them.
#pragma once
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "io/h5.hpp"
#include "results/schema.hpp"

namespace fedorbit {

class Table {
 public:
  using Cell = std::variant<std::int64_t, double, std::string>;

  explicit Table(schema::Table schema);

  /// Makes the group and its empty columns, with units, kinds and dimension scales.
  void create(h5::File& file) const;
  /// Takes hold of the columns; a missing one is an error that names it. Columns of unequal length, which a killed
  /// writer leaves behind, are cut to the shortest when `mend` is set.
  void open(const h5::File& file, bool mend = false);
  /// Keeps the rows of the first `rounds` rounds, and scores taken up to their end.
  void keep_rounds(std::int64_t rounds);
  void close() { datasets_.clear(); }
  std::int64_t rows() const { return datasets_.front().rows(); }

  /// One row, in the order of the schema's columns; it waits in memory for append().
  void add(const std::vector<Cell>& row);
  void append();

 private:
  bool has_row_numbers() const { return schema_.index == schema::row; }
  std::string path(const std::string& column) const { return schema_.group + "/" + column; }
  void cut(std::int64_t rows);

  schema::Table schema_;
  std::vector<h5::Dataset> datasets_;  // in the order of the columns
  std::vector<std::vector<Cell>> waiting_;
};

}  // namespace fedorbit
