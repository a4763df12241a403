#include "results/class_places.hpp"

#include <algorithm>
#include <iterator>

#include "core/error.hpp"

namespace fedorbit {
namespace {

/// The first few of those of `some` that are not among `others`; empty where all are.
std::string only_in(std::vector<std::string> some, std::vector<std::string> others) {
  constexpr std::size_t most = 5;
  std::ranges::sort(some), std::ranges::sort(others);
  std::vector<std::string> only;
  std::ranges::set_difference(some, others, std::back_inserter(only));
  std::string words;
  for (std::size_t i = 0; i < std::min(most, only.size()); ++i) words += (i > 0 ? ", " : "") + only[i];
  return only.size() > most ? text(words, " and ", only.size() - most, " more") : words;
}

}  // namespace

std::vector<std::int64_t> class_places(const std::vector<std::string>& classes,
                                       const std::vector<std::string>& of_model) {
  if (!std::ranges::is_permutation(classes, of_model)) return {};
  std::vector<std::int64_t> places;
  for (const std::string& name : classes) places.push_back(std::ranges::find(of_model, name) - of_model.begin());
  return places;
}

std::string class_differences(const std::vector<std::string>& classes, const std::vector<std::string>& of_model) {
  const std::string model_alone = only_in(of_model, classes), alone = only_in(classes, of_model);
  return text(model_alone.empty() ? "" : text("it alone has ", model_alone),
              model_alone.empty() || alone.empty() ? "" : "; ", alone.empty() ? "" : text("these alone have ", alone));
}

}  // namespace fedorbit
