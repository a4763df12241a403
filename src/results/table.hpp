// A long table of a results file: one extendible dataset for each column, rows appended to all of them.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "io/h5.hpp"
#include "results/journal.hpp"
#include "results/schema.hpp"

namespace fedorbit {

class Table {
 public:
  using Cell = Journal::Cell;

  explicit Table(schema::Table schema);

  /// Makes the group and its empty columns, with units, kinds and dimension scales.
  void create(h5::File& file) const;
  /// Takes hold of the columns; a missing one is an error that names it.
  void open(const h5::File& file);
  void close() { datasets_.clear(); }
  const std::string& group() const { return schema_.group; }

  /// One row, in the order of the schema's columns; it waits in memory for append().
  void add(const std::vector<Cell>& row);
  const std::vector<std::vector<Cell>>& waiting() const { return waiting_; }
  void append();

 private:
  bool has_row_numbers() const { return schema_.index == schema::row; }
  std::string path(const std::string& column) const { return schema_.group + "/" + column; }

  schema::Table schema_;
  std::vector<h5::Dataset> datasets_;  // in the order of the columns
  std::vector<std::vector<Cell>> waiting_;
};

}  // namespace fedorbit
