// Which of its answers a model means by the classes of other images: classes are told by their names.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace fedorbit {

/// Of each of these classes, its place among the model's; empty where the two do not have the same names.
std::vector<std::int64_t> class_places(const std::vector<std::string>& classes,
                                       const std::vector<std::string>& of_model);

/// Which names the two do not share: "it alone has forest, river; these alone have runway".
std::string class_differences(const std::vector<std::string>& classes, const std::vector<std::string>& of_model);

}  // namespace fedorbit
