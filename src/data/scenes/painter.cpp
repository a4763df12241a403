#include "data/scenes/painter.hpp"

#include <array>

namespace fedorbit::scenes {
namespace {

template <std::size_t N>
Colour one_of(const std::array<Colour, N>& colours, Stream& random) {
  return colours[random.below(N)];
}

}  // namespace

Painter::Painter(Canvas& sheet, Stream& stream, const Sensor& sensor)
    : canvas(sheet), random(stream), noise(stream.bits()) {
  static constexpr std::array soils = {Colour{0.52f, 0.40f, 0.28f}, Colour{0.58f, 0.36f, 0.25f},
                                       Colour{0.70f, 0.62f, 0.48f}, Colour{0.48f, 0.46f, 0.41f},
                                       Colour{0.36f, 0.29f, 0.22f}};
  static constexpr std::array waters = {Colour{0.08f, 0.17f, 0.27f}, Colour{0.15f, 0.27f, 0.24f},
                                        Colour{0.36f, 0.34f, 0.25f}, Colour{0.27f, 0.40f, 0.48f},
                                        Colour{0.05f, 0.09f, 0.11f}, Colour{0.12f, 0.32f, 0.38f}};
  const float green = between(sensor.green_low, sensor.green_high);
  const float snow = sensor.snow * between(0.5, 1.2);
  const Colour white{0.90f, 0.92f, 0.95f};
  grass = varied(mix({0.62f, 0.56f, 0.37f}, {0.27f, 0.43f, 0.18f}, green), 0.15f);
  grass = mix(grass, white, std::min(snow, 0.9f));
  soil = mix(varied(one_of(soils, random), 0.15f), white, std::min(0.7f * snow, 0.9f));
  sand = varied({0.83f, 0.75f, 0.58f}, 0.12f);
  water = varied(one_of(waters, random), 0.25f);
  const float dark = between(0.24, 0.55), light = between(0.58, 0.85);
  asphalt = varied({dark, dark, dark * 1.03f}, 0.05f);
  concrete = varied({light, light * 0.98f, light * 0.93f}, 0.05f);
  const Colour leaves = mix({0.40f, 0.34f, 0.22f}, {0.12f, 0.27f, 0.11f}, 0.25f + 0.75f * green);
  crown = mix(varied(leaves, 0.2f), {0.62f, 0.36f, 0.14f}, sensor.autumn * between(0.3, 1));
  crown = mix(crown, white, 0.25f * std::min(snow, 1.f));
  sun = sensor.shadow * between(0.6, 1.3) * direction(between(0, 6.2832));
}

Colour Painter::varied(Colour c, float spread) {
  const float all = 1 + between(-spread, spread), part = 0.35f * spread;
  return {c.r * (all + between(-part, part)), c.g * (all + between(-part, part)), c.b * (all + between(-part, part))};
}

Colour Painter::roof() {
  static constexpr std::array roofs = {Colour{0.60f, 0.33f, 0.25f}, Colour{0.52f, 0.51f, 0.50f},
                                       Colour{0.29f, 0.28f, 0.29f}, Colour{0.86f, 0.85f, 0.82f},
                                       Colour{0.46f, 0.37f, 0.31f}, Colour{0.40f, 0.46f, 0.55f},
                                       Colour{0.66f, 0.58f, 0.47f}};
  return varied(one_of(roofs, random), 0.15f);
}

Colour Painter::paint_of_car() {
  static constexpr std::array paints = {Colour{0.93f, 0.93f, 0.93f}, Colour{0.93f, 0.93f, 0.93f},
                                        Colour{0.10f, 0.10f, 0.11f}, Colour{0.65f, 0.66f, 0.68f},
                                        Colour{0.70f, 0.13f, 0.12f}, Colour{0.15f, 0.25f, 0.55f},
                                        Colour{0.25f, 0.26f, 0.28f}};
  return one_of(paints, random);
}

void Painter::ground_of(Cover cover, Colour colour, float contrast, float frequency) {
  const Noise patches = fresh_noise(), grain = fresh_noise();
  canvas.ground(cover, [&](Point p) {
    const float light = contrast * (2 * patches.rough(p, frequency, 3) - 1);
    return (1 + light + 0.5f * contrast * (grain.smooth(p, 60) - 0.5f)) * colour;
  });
}

void Painter::open_ground() {
  const Noise patches = fresh_noise(), grain = fresh_noise();
  const float tendency = between(-0.35, 0.55);  // towards soil
  const Colour other = chance(0.5) ? soil : varied(grass, 0.3f);
  canvas.ground(tendency > 0.25f ? Cover::bare_ground : Cover::grass, [&](Point p) {
    const float share = std::clamp(0.5f + tendency + 2.2f * (patches.rough(p, 3.5f, 4) - 0.5f), 0.f, 1.f);
    return (0.9f + 0.2f * grain.smooth(p, 70)) * mix(grass, other, share);
  });
}

void Painter::tree(Point at, float radius) {
  const Colour leaves = varied(crown, 0.25f);
  const Point light = (-1 / std::max(length(sun), 1e-3f)) * sun;
  canvas.shadow(Disc{at, radius}, 0.7f * sun, 0.5f);
  canvas.begin_object(Cover::trees);
  canvas.paint_with(Disc{at, radius}, Cover::trees, [&](Point p) {
    const float lit = dot(p - at, light) / radius;
    return (1 + 0.35f * lit + 0.5f * (noise.smooth(p, 2.2f / radius) - 0.5f)) * leaves;
  });
  canvas.end_object();
}

void Painter::scattered_trees(int count, float radius) {
  const Noise groups = fresh_noise();
  for (int i = 0; i < count; ++i) {
    const Point at{between(-0.15, 1.15), between(-0.15, 1.15)};
    if (groups.smooth(at, 3) > 0.45f) tree(at, radius * between(0.6, 1.3));
  }
}

void Painter::house(Point at, Point half, Point along) {
  const Colour top = roof();
  const Box walls{at, half, along};
  canvas.shadow(walls, 0.8f * sun);
  canvas.begin_object(Cover::building);
  // The ridge runs along the longer side; the half that looks to the sun is lighter.
  const Point slope = half.x >= half.y ? across(along) : along;
  const float lit = dot(slope, sun) < 0 ? 1.f : -1.f;
  canvas.paint_with(walls, Cover::building,
                    [&](Point p) { return (dot(p - at, slope) * lit > 0 ? 1.12f : 0.8f) * top; });
  canvas.end_object();
}

void Painter::block(Point at, Point half, Point along, float height) {
  const Colour top = roof();
  canvas.shadow(Box{at, half, along}, height * sun, 0.65f);
  canvas.begin_object(Cover::building);
  canvas.paint(Box{at, half, along}, Cover::building, 0.75f * top);
  const float rim = std::min({0.012f, 0.2f * half.x, 0.2f * half.y});
  canvas.paint(Box{at, {half.x - rim, half.y - rim}, along}, Cover::building, top);
  for (int i = whole(1, 5); i > 0; --i) {
    const Point place = at + between(-0.65, 0.65) * half.x * along + between(-0.65, 0.65) * half.y * across(along);
    const Box machine{place, {between(0.01, 0.025), between(0.01, 0.025)}, along};
    canvas.shadow(machine, 0.25f * sun);
    canvas.mark(machine, between(0.5, 0.95) * Colour{1, 1, 1});
  }
  canvas.end_object();
}

void Painter::car(Point at, Point along, float length) {
  const Colour body = paint_of_car();
  canvas.shadow(Box{at, {0.5f * length, 0.22f * length}, along}, 0.12f * sun, 0.5f);
  canvas.begin_object(Cover::vehicle);
  canvas.paint(Box{at, {0.5f * length, 0.22f * length}, along, 0.1f * length}, Cover::vehicle, body);
  canvas.mark(Box{at + 0.16f * length * along, {0.07f * length, 0.17f * length}, along}, {0.12f, 0.14f, 0.17f}, 0.8f);
  canvas.mark(Box{at - 0.3f * length * along, {0.05f * length, 0.17f * length}, along}, {0.12f, 0.14f, 0.17f}, 0.7f);
  canvas.end_object();
}

void Painter::ship(Point at, Point along, float length) {
  const float half = 0.5f * length, beam = length * between(0.13, 0.19);
  const Colour hull = chance(0.75) ? varied({0.92f, 0.92f, 0.9f}, 0.06f) : roof();
  canvas.shadow(Box{at, {half, beam}, along, beam}, 0.2f * sun, 0.5f);
  canvas.begin_object(Cover::ship);
  // The hull narrows to the bow as a parabola does.
  const Region outline(
      [&](Point p) {
        const float x = dot(p - at, along) / half, y = std::abs(dot(p - at, across(along)));
        const float bow = std::max(0.f, (x + 0.1f) / 1.1f);
        return std::max(y - beam * (1 - bow * bow), half * (std::abs(x) - 1));
      },
      at - Point{half, half}, at + Point{half, half});
  canvas.paint(outline, Cover::ship, hull);
  canvas.mark(Box{at - 0.15f * half * along, {0.35f * half, 0.55f * beam}, along}, chance(0.5) ? 0.55f * hull : roof(),
              0.9f);
  canvas.end_object();
}

void Painter::airplane(Point at, Point along, float span) {
  const float half = 0.5f * span, width = 0.055f * span;
  const Colour skin = varied({0.90f, 0.91f, 0.92f}, 0.08f), accent = roof();
  const Point side = across(along), nose = at + half * along, tail = at - 0.95f * half * along;
  const Path fuselage{{nose, tail}, width};
  const Path left{{at + 0.25f * half * along, at - 0.25f * half * along + half * side}, 0.075f * half};
  const Path right{{at + 0.25f * half * along, at - 0.25f * half * along - half * side}, 0.075f * half};
  const Path tailplane{{tail + 0.38f * half * side - 0.05f * half * along, tail + 0.15f * half * along,
                        tail - 0.38f * half * side - 0.05f * half * along},
                       0.05f * half};
  for (const Path* part : {&left, &right, &fuselage, &tailplane}) canvas.shadow(*part, 0.45f * sun, 0.5f);
  canvas.begin_object(Cover::airplane);
  canvas.paint(left, Cover::airplane, 0.88f * skin);
  canvas.paint(right, Cover::airplane, 0.88f * skin);
  canvas.paint(tailplane, Cover::airplane, 0.88f * skin);
  canvas.paint(fuselage, Cover::airplane, skin);
  canvas.mark(Path{{tail + 0.25f * half * along, tail}, 0.6f * width}, accent, 0.9f);
  for (float wing : {-1.f, 1.f})
    canvas.paint(Box{at + 0.12f * half * along + wing * 0.38f * half * side, {0.11f * half, 0.045f * half}, along},
                 Cover::airplane, 0.6f * skin);
  canvas.end_object();
}

void Painter::road(const std::vector<Point>& points, float radius, Colour colour) {
  canvas.paint_with(Path{points, radius}, Cover::pavement,
                    [&](Point p) { return (0.93f + 0.14f * noise.rough(p, 14, 2)) * colour; });
}

void Painter::stripe(const std::vector<Point>& points, float radius, float dash) {
  if (dash <= 0) return canvas.mark(Path{points, radius}, line, 0.85f);
  for (std::size_t i = 0; i + 1 < points.size(); ++i) {
    const Point piece = points[i + 1] - points[i];
    const float whole_length = length(piece);
    for (float at = 0; at < whole_length; at += 2.5f * dash)
      canvas.mark(Path{{points[i] + at / whole_length * piece,
                        points[i] + std::min(at + dash, whole_length) / whole_length * piece},
                       radius},
                  line, 0.85f);
  }
}

void Painter::traffic(Point from, Point to, float spacing, float car_length) {
  const float reach = length(to - from);
  const Point along = 1 / reach * (to - from);
  for (float at = spacing * between(0, 1); at < reach; at += spacing * between(0.5, 1.6))
    car(from + at * along, along, car_length);
}

}  // namespace fedorbit::scenes
