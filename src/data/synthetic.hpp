// Synthetic scenes: a seeded generator of remote-sensing-like images of named classes, as several sensors would see
// them, with what covers each pixel and where the objects are. Scene i is a pure function of the options.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "core/keys.hpp"
#include "data/scenes/scene.hpp"

namespace fedorbit {

struct SyntheticOptions {
  std::string classes = "";        // names separated by commas; empty: all
  std::string domains = "aerial";  // names separated by commas, or "all"
  std::int64_t per_class = 50;
  std::int64_t size = 64;
  std::int64_t seed = 1;

  template <class Visitor>
  void fields(Visitor& v) {
    v("classes", classes, "classes of synthetic scenes, separated by commas; empty: all");
    v("domains", domains, "sensors of synthetic scenes, separated by commas, or \"all\"");
    v("per_class", per_class, "images", "synthetic scenes of each class and domain", 1, 10000000);
    v("size", size, "pixels", "side of a synthetic scene", 8, 4096);
    v("seed", seed, "", "of the synthetic scenes", 0, 9007199254740992.0);
  }
};

/// All the class names and sensor domains there are.
std::vector<std::string> scene_class_names();
std::vector<std::string> scene_domain_names();

/// The scenes that the options name, drawn one at a time and in any order; domains come first, then classes, then the
/// scenes of a class.
class SceneGenerator {
 public:
  /// Throws for an unknown or doubled name (naming the nearest known one) and for numbers out of range.
  explicit SceneGenerator(const SyntheticOptions& options);

  std::int64_t size() const { return std::int64_t(domains_.size() * classes_.size()) * options_.per_class; }
  std::int64_t domain(std::int64_t i) const { return i / (std::int64_t(classes_.size()) * options_.per_class); }
  std::int64_t label(std::int64_t i) const { return i / options_.per_class % std::int64_t(classes_.size()); }
  std::vector<std::string> class_names() const;
  std::vector<std::vector<std::string>> synonyms() const;  // of each class, without its name
  std::vector<std::string> domain_names() const;
  const SyntheticOptions& options() const { return options_; }

  /// Draws scene i. The same domain, class, place in its class and seed give the same scene, whatever else was asked
  /// for.
  Scene draw(std::int64_t i) const;

 private:
  SyntheticOptions options_;
  std::vector<std::size_t> classes_, domains_;  // places in the catalogue and among the sensors
};

}  // namespace fedorbit
