#include "data/synthetic.hpp"

#include <algorithm>
#include <sstream>

#include "core/error.hpp"
#include "core/options.hpp"
#include "data/scenes/catalogue.hpp"

namespace fedorbit {
namespace {

template <class Named>
std::vector<std::string> names_of(const std::vector<Named>& all) {
  std::vector<std::string> names;
  for (const Named& one : all) names.push_back(one.name);
  return names;
}

/// The places in `known` of the names in a list separated by commas.
std::vector<std::size_t> places(const std::string& list, const std::vector<std::string>& known, const char* what) {
  std::vector<std::size_t> found;
  if (list.empty() || list == "all") {
    for (std::size_t i = 0; i < known.size(); ++i) found.push_back(i);
    return found;
  }
  std::istringstream parts(list);
  for (std::string name; std::getline(parts, name, ',');) {
    name.erase(0, name.find_first_not_of(' '));
    name.erase(name.find_last_not_of(' ') + 1);
    const std::size_t place = std::size_t(std::find(known.begin(), known.end(), name) - known.begin());
    require(place < known.size(), "there is no ", what, " \"", name, "\" of synthetic scenes; did you mean \"",
            nearest(name, known), "\"?");
    require(std::find(found.begin(), found.end(), place) == found.end(), "the ", what, " \"", name,
            "\" of synthetic scenes is named twice.");
    found.push_back(place);
  }
  return found;
}

}  // namespace

std::vector<std::string> scene_class_names() { return names_of(scenes::catalogue()); }
std::vector<std::string> scene_domain_names() { return names_of(scenes::sensors()); }

SceneGenerator::SceneGenerator(const SyntheticOptions& options)
    : options_(options),
      classes_(places(options.classes, scene_class_names(), "class")),
      domains_(places(options.domains, scene_domain_names(), "domain")) {
  require(options.per_class >= 1, "synthetic scenes need per_class of at least 1; it is ", options.per_class, ".");
  require(options.size >= 8 && options.size <= 4096, "synthetic scenes have 8 to 4096 pixels a side, not ",
          options.size, ".");
}

std::vector<std::string> SceneGenerator::class_names() const {
  std::vector<std::string> names;
  for (std::size_t place : classes_) names.push_back(scenes::catalogue()[place].name);
  return names;
}

std::vector<std::vector<std::string>> SceneGenerator::synonyms() const {
  std::vector<std::vector<std::string>> words;
  for (std::size_t place : classes_) words.push_back(scenes::catalogue()[place].synonyms);
  return words;
}

std::vector<std::string> SceneGenerator::domain_names() const {
  std::vector<std::string> names;
  for (std::size_t place : domains_) names.push_back(scenes::sensors()[place].name);
  return names;
}

Scene SceneGenerator::draw(std::int64_t i) const {
  require(i >= 0 && i < size(), "there is no synthetic scene ", i, ": the last is ", size() - 1, ".");
  const std::size_t kind = classes_[std::size_t(label(i))], place = domains_[std::size_t(domain(i))];
  const scenes::Sensor& sensor = scenes::sensors()[place];
  Stream random = Keys(std::uint64_t(options_.seed))
                      .stream(Purpose::scene, std::uint64_t(place) << 32 | kind, std::uint64_t(i % options_.per_class));
  const float angle = float(random.uniform(0, 6.283185307)), zoom = float(random.uniform(1, 1.3));
  scenes::Canvas canvas(int(options_.size), angle, zoom);
  scenes::Painter painter(canvas, random, sensor);
  scenes::catalogue()[kind].draw(painter);
  Scene scene = canvas.seen();
  scene.pixels = scenes::developed(canvas, sensor, random);
  return scene;
}

}  // namespace fedorbit
