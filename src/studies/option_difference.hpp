// Which option two configurations disagree about.
#pragma once
#include <string>

namespace fedorbit {

/// "partition.clients = 10 there, 40 here" of the first option that two resolved configurations, `there` and `here`,
/// give other values, and how many more there are.
std::string option_difference(const std::string& there, const std::string& here);

}  // namespace fedorbit
