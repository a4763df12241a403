#include "federation/census.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "core/error.hpp"
#include "core/words.hpp"

namespace fedorbit {
namespace {

using Counts = std::vector<std::pair<std::int64_t, std::int64_t>>;

Counts count_classes(const std::vector<std::int64_t>& images, const Labelled& data) {
  std::map<std::int64_t, std::int64_t> counts;
  for (const std::int64_t image : images) ++counts[data.labels[std::size_t(image)]];
  return {counts.begin(), counts.end()};
}

/// The domain of all of a client's images; -1 where they are of several, or there are none.
std::int64_t domain_of(const Shard& shard, const Labelled& data) {
  std::set<std::int64_t> domains;
  for (const auto* side : {&shard.train, &shard.test})
    for (const std::int64_t image : *side) domains.insert(data.domains[std::size_t(image)]);
  return domains.size() == 1 ? *domains.begin() : -1;
}

/// "12 to 15 images", or "12 images".
std::string spread(std::vector<std::int64_t> numbers, std::string_view noun) {
  const auto [least, most] = std::ranges::minmax(numbers);
  return text(least == most ? "" : text(least, " to "), counted(most, noun));
}

}  // namespace

std::vector<ClientRecord> census(const Partition& partition, const Labelled& data, std::int64_t most) {
  std::vector<ClientRecord> records;
  for (ClientId client = 0; client < std::min(most, partition.clients()); ++client) {
    const Shard shard = partition.shard(client);
    records.push_back({client, std::int64_t(shard.train.size()), std::int64_t(shard.test.size()),
                       count_classes(shard.train, data), count_classes(shard.test, data), domain_of(shard, data)});
  }
  return records;
}

std::string summary(const std::vector<ClientRecord>& listed, const Partition& partition, const Labelled& data) {
  std::vector<std::int64_t> train, test, kinds;
  std::int64_t trained = 0, tested = 0;
  for (const ClientRecord& client : listed) {
    trained += client.train_samples;
    tested += client.test_samples;
    train.push_back(client.train_samples);
    test.push_back(client.test_samples);
    kinds.push_back(std::int64_t(client.train_classes.size()));
  }
  const bool all = std::int64_t(listed.size()) == partition.clients();
  if (!all) {  // what there is to draw from
    trained = std::int64_t(partition.train_pool().size());
    tested = std::int64_t(partition.test_pool().size());
  }
  return text(counted(std::int64_t(data.labels.size()), "image"), " of ", counted(data.classes, "class"), "; ",
              counted(partition.clients(), "client"), partition.clients() == 1 ? " trains on " : " train on ", trained,
              partition.clients() == 1 ? " and tests on " : " and test on ", tested, "\n",
              all ? "each client" : text("each of the first ", counted(std::int64_t(listed.size()), "client")), ": ",
              spread(train, "training image"), " of ", spread(kinds, "class"), ", ", spread(test, "test image"));
}

std::string notes(const RunRecord& run, const Partition& partition, const Labelled& data) {
  std::string out;
  const auto line = [&](const auto&... parts) { out += text(out.empty() ? "" : "\n", parts...); };
  std::string domains;
  for (const std::string& name : run.domain_names) domains += (domains.empty() ? "" : ", ") + name;
  if (run.domain_names.size() > 1) line("domains: ", domains);
  if (partition.test_pool().empty()) {
    line("no image is held out for testing, so no score will be taken");
    return out;
  }
  std::vector<std::int64_t> tests(run.class_names.size(), 0);
  for (const std::int64_t image : partition.test_pool()) ++tests[std::size_t(data.labels[std::size_t(image)])];
  std::string classes;
  for (std::size_t c = 0; c < tests.size(); ++c)
    if (tests[c] == 0) classes += (classes.empty() ? "" : ", ") + run.class_names[c];
  if (const auto lacking = std::ranges::count(tests, 0); lacking > 0)
    line("no test image of ", lacking, " of ", counted(std::int64_t(tests.size()), "class"),
         ", of which no score speaks: ", classes);
  if (const auto without = std::ranges::count(run.clients, 0, &ClientRecord::test_samples); without > 0)
    line("no test image of their own, so no personal score: ", without, " of ",
         counted(std::int64_t(run.clients.size()), "client"));
  return out;
}

std::string who_holds_what(const std::vector<ClientRecord>& clients, const std::vector<std::string>& class_names) {
  std::string out;
  for (const ClientRecord& client : clients) {
    out += text(out.empty() ? "" : "\n", "client ", client.client, ": ");
    for (std::size_t i = 0; i < client.train_classes.size(); ++i) {
      const auto& [label, count] = client.train_classes[i];
      out += text(i > 0 ? ", " : "", count, " ", class_names[std::size_t(label)]);
    }
  }
  return out;
}

}  // namespace fedorbit
