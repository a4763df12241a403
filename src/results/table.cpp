#include "results/table.hpp"

#include "core/error.hpp"

namespace fedorbit {
namespace {

/// A column with room to grow. A chunk is small, for a short run should not make a large file, yet a column of a
/// million rows should not be a million pieces.
h5::Dataset create_column(h5::File& file, const std::string& path, const schema::Column& column) {
  const h5::Storage growing{.chunk_rows = 512, .extendible = true};
  switch (column.type) {
    case schema::Type::integer:
      return file.make<std::int64_t>(path, {0}, growing);
    case schema::Type::real:
      return file.make<double>(path, {0}, growing);
    case schema::Type::text:
      return file.make_texts(path, 0, column.width, {.chunk_rows = 32, .extendible = true});
  }
  fail(path, ": a column of unknown type.");
}

template <class T>
std::vector<T> column_of(const std::vector<std::vector<Table::Cell>>& rows, std::size_t column) {
  std::vector<T> values;
  values.reserve(rows.size());
  for (const std::vector<Table::Cell>& row : rows) values.push_back(std::get<T>(row[column]));
  return values;
}

}  // namespace

Table::Table(schema::Table schema) : schema_(std::move(schema)) {
  for (std::size_t i = 0; i < schema_.columns.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      require(schema_.columns[i].name != schema_.columns[j].name, "the table ", schema_.group, " has two columns ",
              schema_.columns[i].name, ": a diagnostic needs a name of its own.");
  // Last, so that the row numbers of a half-written row are missing and not the row itself.
  if (has_row_numbers())
    schema_.columns.push_back(
        {schema::row, "1", "number of the row", schema::Type::integer, schema_.columns.front().kind});
}

void Table::create(h5::File& file) const {
  file.make_group(schema_.group);
  for (const schema::Column& column : schema_.columns) {
    h5::Dataset dataset = create_column(file, path(column.name), column);
    dataset.set_units(column.units);
    dataset.set_attribute(schema::attribute::description, column.description);
    dataset.set_attribute(schema::attribute::kind, schema::name(column.kind));
  }
  h5::Dataset index = file.dataset(path(schema_.index));
  index.make_scale(schema_.index);
  for (const schema::Column& column : schema_.columns)
    if (column.name != schema_.index) file.dataset(path(column.name)).attach_scale(index);
}

void Table::open(const h5::File& file) {
  datasets_.clear();
  for (const schema::Column& column : schema_.columns) datasets_.push_back(file.dataset(path(column.name)));
}

void Table::add(const std::vector<Cell>& row) {
  require(row.size() + has_row_numbers() == schema_.columns.size(), "a row of ", schema_.group, " has ", row.size(),
          " cells, but the table has ", schema_.columns.size() - has_row_numbers(), " columns.");
  waiting_.push_back(row);
}

void Table::append() {
  if (waiting_.empty()) return;
  if (has_row_numbers()) {
    std::int64_t number = datasets_.back().rows();
    for (std::vector<Cell>& row : waiting_) row.emplace_back(number++);
  }
  for (std::size_t i = 0; i < datasets_.size(); ++i) switch (schema_.columns[i].type) {
      case schema::Type::integer:
        datasets_[i].append<std::int64_t>(column_of<std::int64_t>(waiting_, i));
        break;
      case schema::Type::real:
        datasets_[i].append<double>(column_of<double>(waiting_, i));
        break;
      case schema::Type::text:
        datasets_[i].append_texts(column_of<std::string>(waiting_, i));
        break;
    }
  waiting_.clear();
}

}  // namespace fedorbit
