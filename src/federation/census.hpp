// Who holds what: the clients of a partition as records and as words.
#pragma once
#include <string>
#include <vector>

#include "data/partition.hpp"
#include "federation/observer.hpp"

namespace fedorbit {

/// A record for each of the first `most` clients, unseen ones last.
std::vector<ClientRecord> census(const Partition& partition, const Labelled& data, std::int64_t most);

/// Two lines: how many clients, images and classes, and how unequal those are that were listed.
std::string summary(const std::vector<ClientRecord>& listed, const Partition& partition, const Labelled& data);

/// What a user should know of a run's data, a line each: domains where there are several; of whom no score will speak,
/// for want of test images.
std::string notes(const RunRecord& run, const Partition& partition, const Labelled& data);

/// A line a client: its training images by class, or its unseen ones.
std::string who_holds_what(const std::vector<ClientRecord>& clients, const std::vector<std::string>& class_names);

}  // namespace fedorbit
