// Shared tensors of a learner that stay with their clients instead: local training alone, FedPer, FedBN.
#pragma once
#include <memory>
#include <string>

#include "algorithms/learner.hpp"

namespace fedorbit {

/// The same learner, whose shared tensors are personal where their names match a pattern of `list` (several separated
/// by semicolons; * stands for any text, ? for one letter). Clients begin with the values that the server would have
/// begun with. An empty list changes nothing; a pattern that matches no shared tensor is an Error that names those
/// there are.
std::shared_ptr<Learner> with_personal_tensors(std::shared_ptr<Learner> learner, const std::string& list);

}  // namespace fedorbit
