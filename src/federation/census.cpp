#include "federation/census.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <span>

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

std::set<std::int64_t> domains_of(const std::vector<std::int64_t>& images, const Labelled& data) {
  std::set<std::int64_t> domains;
  for (const std::int64_t image : images) domains.insert(data.domains[std::size_t(image)]);
  return domains;
}

/// The domain of all of a client's images; -1 where they are of several, or there are none.
std::int64_t domain_of(const Shard& shard, const Labelled& data) {
  std::set<std::int64_t> domains;
  for (const auto* side : {&shard.train, &shard.validation, &shard.test, &shard.unseen})
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
  for (ClientId client = 0; client < std::min(most, partition.clients() + partition.unseen_clients()); ++client) {
    const Shard shard = partition.shard(client);
    records.push_back({client, std::int64_t(shard.train.size()), std::int64_t(shard.test.size()),
                       count_classes(shard.train, data), count_classes(shard.test, data), domain_of(shard, data),
                       std::int64_t(shard.validation.size()), std::int64_t(shard.unseen.size()),
                       count_classes(shard.validation, data), count_classes(shard.unseen, data)});
  }
  return records;
}

std::string summary(const std::vector<ClientRecord>& listed, const Partition& partition, const Labelled& data) {
  std::vector<std::int64_t> train, validation, test, kinds;
  for (const ClientRecord& client : listed) {
    if (client.client >= partition.clients()) continue;  // it never trains
    train.push_back(client.train_samples);
    validation.push_back(client.validation_samples);
    test.push_back(client.test_samples);
    kinds.push_back(std::int64_t(client.train_classes.size()));
  }
  const bool all = std::int64_t(train.size()) == partition.clients();
  const bool validated = !partition.pools().validation.empty();
  // Of all that are listed; else what there is to draw from.
  const auto images = [&](const std::vector<std::int64_t>& owned, const std::vector<std::int64_t>& pool) {
    return all ? std::accumulate(owned.begin(), owned.end(), std::int64_t{0}) : std::int64_t(pool.size());
  };
  const std::string s = partition.clients() == 1 ? "s" : "";
  return text(counted(std::int64_t(data.labels.size()), "image"), " of ", counted(data.classes, "class"), "; ",
              counted(partition.clients(), "client"), " train", s, " on ", images(train, partition.train_pool()),
              validated ? text(", validate", s, " on ", images(validation, partition.pools().validation)) : "",
              " and test", s, " on ", images(test, partition.test_pool()), "\n",
              all ? "each client" : text("each of the first ", counted(std::int64_t(train.size()), "client")), ": ",
              spread(train, "training image"), " of ", spread(kinds, "class"), ", ",
              validated ? spread(validation, "validation image") + ", " : "", spread(test, "test image"));
}

std::string notes(const RunRecord& run, const Partition& partition, const Labelled& data) {
  std::string out;
  const auto line = [&](const auto&... parts) { out += text(out.empty() ? "" : "\n", parts...); };
  std::string domains;
  for (const std::string& name : run.domain_names) domains += (domains.empty() ? "" : ", ") + name;
  if (run.domain_names.size() > 1) line("domains: ", domains);
  if (const auto& unseen = partition.pools().unseen; !unseen.empty()) {
    std::string whose;
    const std::set<std::int64_t> seen = domains_of(partition.train_pool(), data);
    for (const std::int64_t domain : domains_of(unseen, data))
      if (!seen.contains(domain))
        whose += text(whose.empty() ? "" : ", ", "domain ", run.domain_names[std::size_t(domain)]);
    if (partition.unseen_clients() > 0)
      whose += text(whose.empty() ? "" : ", ", "the last ", counted(partition.unseen_clients(), "client"));
    line("nobody trains on ", counted(std::int64_t(unseen.size()), "image"), ", which are unseen: ", whose);
  }
  if (const auto& held = partition.pools().public_images; !held.empty())
    line("the server has ", counted(std::int64_t(held.size()), "public image"), ", which no client has");
  if (partition.test_pool().empty()) {
    line("no image is held out for testing",
         partition.pools().unseen.empty() && partition.pools().validation.empty() ? ", so no score will be taken" : "");
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
  const auto listed = std::min<std::int64_t>(partition.clients(), std::int64_t(run.clients.size()));
  const auto training = std::span(run.clients).first(std::size_t(listed));
  if (const auto without = std::ranges::count(training, 0, &ClientRecord::test_samples); without > 0)
    line("no test image of their own, so no personal score: ", without, " of ", counted(listed, "client"));
  return out;
}

std::string who_holds_what(const std::vector<ClientRecord>& clients, const std::vector<std::string>& class_names) {
  std::string out;
  for (const ClientRecord& client : clients) {
    out += text(out.empty() ? "" : "\n", "client ", client.client, ": ");
    const bool trains = client.train_samples > 0;
    const ClientRecord::Classes& classes = trains ? client.train_classes : client.unseen_classes;
    for (std::size_t i = 0; i < classes.size(); ++i)
      out += text(i > 0 ? ", " : "", classes[i].second, " ", class_names[std::size_t(classes[i].first)]);
    if (!trains) out += ", unseen";
  }
  return out;
}

}  // namespace fedorbit
