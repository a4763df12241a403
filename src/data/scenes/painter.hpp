// What the scenes of all classes are made of: materials of one place and season, and the things that stand on the
// ground.
#pragma once
#include "core/keys.hpp"
#include "data/scenes/canvas.hpp"
#include "data/scenes/noise.hpp"
#include "data/scenes/sensor.hpp"

namespace fedorbit::scenes {

/// A round shape with an uneven edge.
struct Blob {
  Point centre;
  float radius;
  Noise noise;
  float distance(Point p) const {
    return length(p - centre) - radius * (0.72f + 0.9f * (noise.rough(p, 1.3f / radius, 2) - 0.5f));
  }
  Point low() const { return {centre.x - 1.2f * radius, centre.y - 1.2f * radius}; }
  Point high() const { return {centre.x + 1.2f * radius, centre.y + 1.2f * radius}; }
};

/// Draws one scene: holds its canvas, its random numbers and the colours of its materials.
class Painter {
 public:
  Painter(Canvas& canvas, Stream& random, const Sensor& sensor);

  Canvas& canvas;
  Stream& random;
  Noise noise;
  Colour grass, soil, sand, water, asphalt, concrete, crown, line{0.92f, 0.92f, 0.88f};
  Point sun;  // the shadow of a thing as high as a house

  float between(double low, double high) { return float(random.uniform(low, high)); }
  int whole(int low, int high) { return low + int(random.below(std::uint64_t(high - low + 1))); }
  bool chance(double share) { return random.uniform() < share; }
  Noise fresh_noise() { return Noise(random.bits()); }
  Colour varied(Colour c, float spread);
  Colour roof();
  Colour paint_of_car();

  /// Ground of grass, soil or both, with soft patches.
  void open_ground();
  /// A material with patches that are up to `contrast` lighter or darker.
  void ground_of(Cover cover, Colour colour, float contrast, float frequency = 4);
  void tree(Point at, float radius);
  /// About `count` trees in loose groups all over the scene; `radius` in units of the scene.
  void scattered_trees(int count, float radius);
  void house(Point at, Point half, Point along);
  /// A flat roof with a parapet and machines on it.
  void block(Point at, Point half, Point along, float height);
  void car(Point at, Point along, float length);
  void ship(Point at, Point along, float length);
  /// `span` is the width over the wings.
  void airplane(Point at, Point along, float span);
  void road(const std::vector<Point>& points, float radius, Colour colour);
  /// Dashes along a chain of points; `dash` 0 draws it whole.
  void stripe(const std::vector<Point>& points, float radius, float dash);
  /// Cars on a straight road from `from` to `to`.
  void traffic(Point from, Point to, float spacing, float car_length);
};

}  // namespace fedorbit::scenes
