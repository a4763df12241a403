// Who holds what: the clients of a partition as records and as words.
#pragma once
#include <string>
#include <vector>

#include "data/partition.hpp"
#include "simulation/observer.hpp"

namespace fedorbit {

/// A record for every client.
std::vector<ClientRecord> census(const Partition& partition, const Labelled& data);

/// Two lines: how many clients, images and classes, and how unequal clients are.
std::string summary(const std::vector<ClientRecord>& clients, std::int64_t classes, std::int64_t images);

/// A line a client: its images by class.
std::string who_holds_what(const std::vector<ClientRecord>& clients, const std::vector<std::string>& class_names);

}  // namespace fedorbit
