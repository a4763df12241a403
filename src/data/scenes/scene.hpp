// A drawn scene: its picture, what covers each pixel, and where its objects are.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace fedorbit {

/// What covers the ground at a pixel; the values are those of Scene::cover.
enum class Cover : std::uint8_t {
  bare_ground,
  grass,
  crops,
  trees,
  water,
  sand,
  pavement,
  building,
  vehicle,
  ship,
  airplane,
  tank,
  court,
  rock,
};
/// One word or two for each, in the order of the values.
const std::vector<std::string>& cover_names();

/// An object and the smallest rectangle of pixels that holds all of it that can be seen: columns [left, right) and rows
/// [top, bottom).
struct SceneObject {
  Cover kind;
  std::int32_t left, top, right, bottom;
};

struct Scene {
  std::int64_t size = 0;             // pixels per side
  std::vector<std::uint8_t> pixels;  // (size, size, 3) RGB
  std::vector<std::uint8_t> cover;   // (size, size), Cover
  std::vector<std::uint16_t> owner;  // (size, size), 1 + index of the object seen here; 0 for none
  std::vector<SceneObject> objects;  // those of which at least one pixel can be seen
};

}  // namespace fedorbit
