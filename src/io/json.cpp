#include "io/json.hpp"

#include "core/error.hpp"

namespace fedorbit {

nlohmann::json parse_json(std::string_view text, const std::string& where) {
  constexpr int deepest = 64;
  try {
    return nlohmann::json::parse(text.begin(), text.end(),
                                 [&](int depth, nlohmann::json::parse_event_t, nlohmann::json&) {
                                   require(depth <= deepest, where, " nests deeper than ", deepest, " levels.");
                                   return true;
                                 });
  } catch (const nlohmann::json::exception& cause) {
    fail(where, " is not JSON: ", cause.what(), ".");
  }
}

std::int64_t whole_number(const nlohmann::json& object, const char* key, std::int64_t otherwise, std::int64_t low,
                          std::int64_t high, const std::string& where) {
  require(object.is_object(), where, " has no object that could hold '", key, "'.");
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return otherwise;
  // An unsigned number may be too large for a signed one, and a floating-point one for both.
  require(found->is_number_integer() && !(found->is_number_unsigned() && found->get<std::uint64_t>() > INT64_MAX) &&
              found->get<std::int64_t>() >= low && found->get<std::int64_t>() <= high,
          where, " has ", key, " = ", found->dump(), "; a whole number from ", low, " to ", high, " would be right.");
  return found->get<std::int64_t>();
}

}  // namespace fedorbit
