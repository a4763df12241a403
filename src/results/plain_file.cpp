#include "results/plain_file.hpp"

#include "core/clock.hpp"
#include "io/file.hpp"

namespace fedorbit {

void write_tables(const std::filesystem::path& path, const std::vector<Table*>& tables,
                  const std::map<std::string, std::string>& attributes) {
  h5::File file = h5::File::create(part_path(path));
  file.set_attribute(schema::attribute::filetype, schema::filetype);
  file.set_attribute(schema::attribute::version, schema::version);
  for (const auto& [name, value] : attributes) file.set_attribute(name, value);
  file.set_attribute(schema::attribute::end, utc_now());
  for (Table* table : tables) {
    table->create(file);
    table->open(file);
    table->append();
    table->close();
  }
  file.close();
  publish(path);
}

}  // namespace fedorbit
