// JSON from files that strangers wrote: nested no deeper than anything honest is.
#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace fedorbit {

/// Throws a sentence on what is not JSON or nests deeper than 64 levels; `where` names the source.
nlohmann::json parse_json(std::string_view text, const std::string& where);

/// The whole number under `key` of an object, from `low` to `high`, or `otherwise` where the key is missing or null.
std::int64_t whole_number(const nlohmann::json& object, const char* key, std::int64_t otherwise, std::int64_t low,
                          std::int64_t high, const std::string& where);

}  // namespace fedorbit
